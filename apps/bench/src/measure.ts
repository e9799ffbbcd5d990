import type { Candidate, Case, Row, Run } from "./candidate.ts";
import { versionOf } from "./versions.ts";

/**
 * How it measures, and why.
 *
 * All candidates of a case run in one process and in turn, many short rounds instead of one long one, each round starting
 * with another candidate. What else the machine does, its clock speed and its heat, then hit all alike, and a ratio
 * between two of them means something on a machine whose absolute times wobble by a third. Of the rounds' times the
 * median counts: a mean would tell of the garbage collector's worst moment.
 *
 * Each candidate does as many operations in a round as take about the same time, found by doubling, so that a slow one
 * does not take the time of a hundred fast ones. Before the rounds each runs until it is warm.
 */
export interface Plan {
  /** How long one round of one candidate should take. */
  readonly roundMs: number;
  readonly rounds: number;
}

export const fullPlan: Plan = { roundMs: 25, rounds: 41 };
export const quickPlan: Plan = { roundMs: 6, rounds: 15 };

interface Prepared {
  readonly candidate: Candidate;
  readonly run: Run;
  readonly count: number;
  readonly times: number[];
}

export async function measure({ group, name, candidates }: Case, plan: Plan, now: () => number): Promise<Row[]> {
  const prepared: Prepared[] = [];
  for (const candidate of candidates) {
    const run = await candidate.prepare();
    prepared.push({ candidate, run, count: await calibrate(run, plan.roundMs, now), times: [] });
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const { run, count, times } of rotate(prepared, round)) times.push((await time(run, count, now)) / count);
  }
  const floor = prepared.find(({ candidate }) => candidate.kind === "floor")?.times ?? [];
  return prepared.map(({ candidate, times }) => ({
    group,
    case: name,
    name: candidate.name,
    kind: candidate.kind,
    version: versionOf(candidate.package),
    nsPerOp: median(times) * 1e6,
    vsFloor: median(times.map((value, round) => value / (floor[round] ?? NaN))),
  }));
}

/** How many operations take about `roundMs`; runs the candidate warm on the way. */
export async function calibrate(run: Run, roundMs: number, now: () => number): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const tookMs = await time(run, count, now);
    if (tookMs < roundMs && count < 2 ** 28) continue;
    // Once more at that size: now it is warm, and the figure is what a round will be.
    const warmMs = await time(run, count, now);
    return Math.max(1, Math.round((count * roundMs) / Math.max(warmMs, roundMs / 16)));
  }
}

/** The same list, starting one further on each time. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

async function time(run: Run, count: number, now: () => number): Promise<number> {
  const startedAt = now();
  await run(count);
  return now() - startedAt;
}
