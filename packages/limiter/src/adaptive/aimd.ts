import { checkNumber } from "@breakwater/core";
import type { LimitStrategy, Sample, StrategyPolicy } from "./strategy.ts";

export interface AimdOptions {
  /** The limit to begin with, from 1. Default 20. */
  readonly initial?: number | undefined;
  /** What a failure leaves of the limit, above 0 and below 1. Default 0.9. */
  readonly backoffRatio?: number | undefined;
  /** `per-round-trip`: one more for as many successes as the limit; the default. `per-call`: one more for each success. */
  readonly increase?: "per-round-trip" | "per-call" | undefined;
  /**
   * `per-round-trip`: the failures of calls that began before the last step down are part of its cause, and do not count
   * again; the default. `per-call`: each failure is a step down.
   */
  readonly decrease?: "per-round-trip" | "per-call" | undefined;
  /** A success that took longer counts as a failure, in ms. Default Infinity. */
  readonly timeoutMs?: number | undefined;
}

type Settings = Required<{ [Key in keyof AimdOptions]: NonNullable<AimdOptions[Key]> }>;

/**
 * Additive increase, multiplicative decrease: one more as long as things go well, a tenth less when they do not. It knows
 * nothing of latency, so it needs a dependency that refuses or times out when it has too much; then it finds the edge,
 * and two clients that share it end up with equal shares.
 *
 * It grows only while at least 0.9 of the limit is in use, or it would grow for ever in quiet times.
 *
 * Source: Chiu and Jain (1989), TCP Reno; the increase per round trip and the test for use are palantir/dialogue's.
 */
class Aimd implements LimitStrategy {
  readonly initial: number;
  readonly #settings: Settings;
  #limit: number;
  #steppedDownAt = -Infinity;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.initial = this.#limit = settings.initial;
  }

  sample(sample: Sample): number {
    const tookMs = sample.endedAt - sample.startedAt;
    if (!sample.isSuccess || sample.failed > 0 || tookMs > this.#settings.timeoutMs) this.#stepDown(sample);
    else if (sample.inFlight >= Math.floor(0.9 * this.#limit)) this.#stepUp(sample.completed);
    return this.#limit;
  }

  #stepUp(successes: number): void {
    this.#limit += this.#settings.increase === "per-call" ? successes : successes / this.#limit;
  }

  #stepDown({ startedAt, endedAt }: Sample): void {
    if (this.#settings.decrease === "per-round-trip" && startedAt < this.#steppedDownAt) return;
    this.#steppedDownAt = endedAt;
    this.#limit = Math.max(1, Math.floor(this.#limit * this.#settings.backoffRatio));
  }
}

/**
 * For a dependency that says no when it has too much. Where it just gets slower, take {@link bandwidthDelay}.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function aimd(options: AimdOptions = {}): StrategyPolicy {
  const { backoffRatio = 0.9, increase = "per-round-trip", decrease = "per-round-trip", timeoutMs = Infinity } = options;
  const initial = checkNumber("initial", options.initial ?? 20, { min: 1, max: Number.MAX_SAFE_INTEGER });
  checkNumber("backoffRatio", backoffRatio, { min: Number.MIN_VALUE, max: 1 - Number.EPSILON });
  checkNumber("timeoutMs", timeoutMs);
  checkPace("increase", increase);
  checkPace("decrease", decrease);
  return () => new Aimd({ initial, backoffRatio, increase, decrease, timeoutMs });
}

function checkPace(option: string, pace: unknown): void {
  if (pace === "per-round-trip" || pace === "per-call") return;
  throw new RangeError(`${option} must be "per-round-trip" or "per-call", got ${String(pace)}`);
}
