import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Balancer, type BalancerOptions, type EndpointStats, type Pick } from "@breakwater/balancer";
import { randomFrom } from "@breakwater/sim";

/** Endpoints a, b, c ..., each with its key as value. */
export function letters(count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, index) => {
    const key = String.fromCharCode(97 + index);
    return { key, value: key };
  });
}

export interface World {
  readonly balancer: Balancer<string>;
  readonly clock: ManualClock;
}

/** So many endpoints, on a clock that the test moves, with seeded randomness and without ejection, unless told otherwise. */
export function world(count: number, options: BalancerOptions<string> = {}): World {
  const clock = new ManualClock(1_000);
  return { balancer: new Balancer({ endpoints: letters(count), ejection: false, clock, random: randomFrom(7), ...options }), clock };
}

/** How often each was picked in so many picks, each of which `settle` ends. */
export function tally(
  balancer: Balancer<string>,
  count: number,
  settle: (pick: Pick<string>) => void = (pick) => pick.success(),
  call?: Call,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i += 1) {
    const pick = balancer.pick(call);
    counts[pick.value] = (counts[pick.value] ?? 0) + 1;
    settle(pick);
  }
  return counts;
}

/** Picks until it gets this one; the others are held meanwhile, and released then. */
export function pickOf(balancer: Balancer<string>, key: string): Pick<string> {
  const others: Pick<string>[] = [];
  try {
    while (others.length < 1_000) {
      const pick = balancer.pick();
      if (pick.value === key) return pick;
      others.push(pick);
    }
    throw new Error(`${key} is never picked`);
  } finally {
    for (const pick of others) pick.release();
  }
}

export function statsOf(balancer: Balancer<string>, key: string): EndpointStats {
  const stats = balancer.stats.endpoints.find((endpoint) => endpoint.key === key);
  if (stats === undefined) throw new Error(`no ${key}`);
  return stats;
}

/** The order of the next picks, as one word. */
export function order(balancer: Balancer<string>, count: number): string {
  return Array.from({ length: count }, () => {
    const pick = balancer.pick();
    pick.success();
    return pick.value;
  }).join("");
}

/** A sequence of random numbers that are given, then 0. */
export function script(...values: number[]): () => number {
  return () => values.shift() ?? 0;
}
