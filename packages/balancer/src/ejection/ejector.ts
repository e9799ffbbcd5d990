import type { Host } from "../host.ts";
import type { EjectionRules } from "./options.ts";

/*
 * How it works, and why.
 *
 * The penalty of a policy sends less to an endpoint that fails; ejection sends nothing, for a while. It is the judgement of one
 * client about its own calls, as in Envoy and gRPC A50, by three rules:
 *
 * - So many failures in a row, at once. For endpoints that are down.
 * - A success rate far below the others' at the end of an interval: `rate < mean - 1.9 * sigma`. For endpoints that fail more than
 *   the rest while the whole has a bad day. One bad endpoint among n stands sqrt(n - 1) deviations below the mean at most, so it can
 *   be seen from n = 5 on; and more than 21.7 % that are equally bad cannot be seen at all.
 * - A share of failures, whatever the others do. For small fleets.
 *
 * A judgement must not take the service down. So a share of the endpoints may be out at a time. Rounded down, the usual tenth of
 * fewer than ten would be none (envoy#27909): of two and more one may always go, but never the last that is available.
 *
 * Calls that were picked before an ejection or a return say nothing about the time after it: see `Conduct.epoch`.
 *
 * There is no timer. Intervals and ejections end when somebody picks or settles after their time.
 */

export type EjectionRule = "consecutive-failures" | "success-rate" | "failure-ratio" | "manual";

/** Who should go. */
export interface Condemned<T> {
  readonly host: Host<T>;
  readonly rule: EjectionRule;
}

export class Ejector<T> {
  readonly #rules: EjectionRules;
  readonly #random: () => number;
  #intervalAt: number;

  constructor(rules: EjectionRules, random: () => number, now: number) {
    this.#rules = rules;
    this.#random = random;
    this.#intervalAt = now;
  }

  get intervalEndsAt(): number {
    return this.#intervalAt + this.#rules.intervalMs;
  }

  succeeded({ conduct }: Host<T>, epoch: number): void {
    if (epoch !== conduct.epoch) return;
    conduct.failuresInRow = 0;
    conduct.calls += 1;
  }

  /** True when it should go for failures in a row. */
  failed({ conduct }: Host<T>, epoch: number): boolean {
    if (epoch !== conduct.epoch) return false;
    conduct.failuresInRow += 1;
    conduct.calls += 1;
    conduct.failures += 1;
    return conduct.failuresInRow >= this.#rules.consecutiveFailures;
  }

  /** Whether one more of so many may go. */
  hasRoom(members: number, ejected: number): boolean {
    const most = Math.max(1, Math.floor(members * this.#rules.maxEjectedRatio + 1e-9)); // 0.07 * 100 is above 7, 0.29 * 100 below 29
    return ejected < Math.min(most, members - 1);
  }

  /** For how long it goes this time. */
  sentence({ conduct }: Host<T>): number {
    const { ejectMs, maxEjectMs, jitterMs } = this.#rules;
    conduct.strikes += 1;
    return Math.min(ejectMs * conduct.strikes, Math.max(ejectMs, maxEjectMs)) + (jitterMs > 0 ? jitterMs * this.#random() : 0);
  }

  /**
   * An interval is over, or several: who of the members should go, the worst first. The counts of all begin anew: one of no weight, or
   * that drains, may be a member again by the end of the next.
   */
  judge(members: readonly Host<T>[], all: Iterable<Host<T>>, now: number): readonly Condemned<T>[] {
    const beganAt = this.#intervalAt;
    const intervals = Math.floor((now - beganAt) / this.#rules.intervalMs);
    this.#intervalAt = beganAt + intervals * this.#rules.intervalMs;
    const condemned = [...this.#byFailureRatio(members), ...this.#bySuccessRate(members)];
    for (const { conduct } of all) {
      conduct.calls = 0;
      conduct.failures = 0;
      if (!conduct.isEjected && conduct.inSince <= beganAt) conduct.strikes = Math.max(0, conduct.strikes - intervals);
    }
    return condemned;
  }

  #byFailureRatio(members: readonly Host<T>[]): readonly Condemned<T>[] {
    const { failureRatio: rule } = this.#rules;
    if (rule === undefined) return [];
    const judged = withCalls(members, rule.minCalls);
    if (judged.length < rule.minEndpoints) return [];
    return judged.filter((host) => 1 - rateOf(host) >= rule.ratio).map((host) => ({ host, rule: "failure-ratio" }));
  }

  #bySuccessRate(members: readonly Host<T>[]): readonly Condemned<T>[] {
    const { successRate: rule } = this.#rules;
    if (rule === undefined) return [];
    const judged = withCalls(members, rule.minCalls);
    if (judged.length < rule.minEndpoints) return [];
    const mean = judged.reduce((sum, host) => sum + rateOf(host), 0) / judged.length;
    const variance = judged.reduce((sum, host) => sum + (rateOf(host) - mean) ** 2, 0) / judged.length;
    const least = mean - rule.stdevFactor * Math.sqrt(variance);
    // Where all are the same the least is the mean, but for rounding.
    return judged.filter((host) => rateOf(host) < least - 1e-9).map((host) => ({ host, rule: "success-rate" }));
  }
}

function rateOf({ conduct }: Host<unknown>): number {
  return 1 - conduct.failures / conduct.calls;
}

/** Those that had enough calls to be judged, the worst first. */
function withCalls<T>(members: readonly Host<T>[], minCalls: number): readonly Host<T>[] {
  return members.filter(({ conduct }) => !conduct.isEjected && conduct.calls >= minCalls).sort((one, other) => rateOf(one) - rateOf(other));
}
