import { RejectedError, type Attributes, type Call, type Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Hedge, type HedgeEvents, type HedgeOptions } from "@breakwater/retry";
import { vi, type MockInstance } from "vitest";

/** One try of the work, to be ended by the test. */
export interface StartedTry {
  readonly call: Call;
  readonly startedAt: number;
  resolve(value: string): void;
  reject(error: unknown): void;
}

/** Work that starts and does not end until told, and ignores its signal. */
export class Tries {
  readonly started: StartedTry[] = [];
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly work = (call: Call): Promise<string> =>
    new Promise((resolve, reject) => {
      this.started.push({ call, startedAt: this.#clock.now(), resolve, reject });
    });

  /** The try of this number, from 1. */
  at(attempt: number): StartedTry {
    const started = this.started[attempt - 1];
    if (started === undefined) throw new Error(`there is no try ${attempt}`);
    return started;
  }

  get times(): number[] {
    return this.started.map(({ startedAt }) => startedAt);
  }

  /** The reason with which the signal of this try was aborted, if it was. */
  reasonOf(attempt: number): unknown {
    const { signal } = this.at(attempt).call;
    return signal?.aborted === true ? signal.reason : undefined;
  }
}

export interface Lab {
  readonly clock: ManualClock;
  readonly hedge: Hedge;
  readonly tries: Tries;
  /** All events, in order. */
  readonly events: readonly unknown[];
}

/** A hedge after 100 ms, without a budget unless told otherwise, on a clock that the test moves. */
export function makeLab(options: Partial<HedgeOptions> = {}): Lab {
  const clock = new ManualClock();
  const hedge = new Hedge({ delayMs: 100, budget: false, clock, ...options });
  const events: unknown[] = [];
  const types: readonly (keyof HedgeEvents)[] = ["hedged", "denied", "won", "failed", "disposed"];
  for (const type of types) hedge.on(type, (event) => events.push({ type, ...event }));
  return { clock, hedge, tries: new Tries(clock), events };
}

export function refusal(): RejectedError {
  return new RejectedError("ERR_TEST_FULL", "full", { reason: "full" });
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

export function catchWarnings(): MockInstance<typeof process.emitWarning> {
  return vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
}

/** Keeps counters by name and attributes, and the readers of gauges. */
export class FakeMeter implements Meter {
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly gauges: Map<string, () => number> = new Map<string, () => number>();

  counter(name: string, { attributes = {} }: { attributes?: Attributes | undefined } = {}): { add(amount: number): void } {
    const key = `${name} ${JSON.stringify(attributes)}`;
    return { add: (amount) => this.counts.set(key, (this.counts.get(key) ?? 0) + amount) };
  }

  histogram(): { record(): void } {
    return { record: () => undefined };
  }

  gauge(name: string, read: () => number): () => void {
    this.gauges.set(name, read);
    return () => undefined;
  }
}
