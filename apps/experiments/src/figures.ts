import type { Cell, Line } from "./experiment.ts";
import { medians } from "./statistics.ts";

/** One figure of a run, and how it is written. */
export interface Column<Figures> {
  readonly title: string;
  readonly key: keyof Figures & string;
  readonly write: (value: number) => string;
}

/** A line with a column for each figure, as medians over the seeds. */
export function lineOf<Figures extends Readonly<Record<keyof Figures, number>>>(
  name: string,
  columns: readonly Column<Figures>[],
  runs: readonly Figures[],
): Line {
  const middle = medians<keyof Figures & string>(runs);
  const cells = columns.map(({ key, write }): Cell => ({ text: write(middle[key]), values: { [key]: middle[key] } }));
  return { name, cells };
}

export const whole = (value: number): string => value.toFixed(0);

export const seconds = (ms: number): string => (ms === Infinity ? "never" : `${(ms / 1000).toFixed(1)} s`);

/** The runs of several seeds. */
export async function overSeeds<Figures>(seeds: readonly number[], run: (seed: number) => Promise<Figures>): Promise<Figures[]> {
  const all: Figures[] = [];
  for (const seed of seeds) all.push(await run(seed));
  return all;
}

/** The worst of one figure over all seeds: the largest. */
export function worst<Figures>(runs: readonly Figures[], read: (figures: Figures) => number): number {
  return Math.max(...runs.map(read));
}
