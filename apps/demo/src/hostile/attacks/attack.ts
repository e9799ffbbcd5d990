import type { AttackOrder } from "../messages.ts";
import type { Tellings } from "../told.ts";

/** What it has to work with. */
export interface Battle extends AttackOrder {
  readonly tellings: Tellings;
  /** `performance.now()` of its end: nothing new is begun from then on. */
  readonly until: number;
  /** Who has been told nothing by then leaves. */
  readonly patientUntil: number;
}

/** What an attacker may be told for one kind of thing that it does. */
export interface Expected {
  /** At least one of them must be heard. */
  readonly must: readonly string[];
  /** These may be as well. */
  readonly may?: readonly string[];
}

export interface Attack {
  readonly name: string;
  /** What it does, in a line. */
  readonly title: string;
  /** By kind. */
  readonly expected: Readonly<Record<string, Expected>>;
  run(battle: Battle): Promise<void>;
}

/** So many at the same time, one after the other each, until it is over. */
export async function keepOn(parallel: number, { until }: Battle, act: (worker: number, round: number) => Promise<void>): Promise<void> {
  const work = async (worker: number): Promise<void> => {
    for (let round = 0; performance.now() < until; round += 1) await act(worker, round);
  };
  await Promise.all(Array.from({ length: parallel }, (_, worker) => work(worker)));
}
