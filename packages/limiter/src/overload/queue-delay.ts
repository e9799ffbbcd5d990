import { checkNumber } from "@breakwater/core";
import type { OverloadSignal } from "./signal.ts";

export interface QueueDelayOptions {
  /** How long requests may wait, in ms above 0. Default 20, as in DAGOR. */
  readonly maxMs?: number | undefined;
  /**
   * What is compared with it: the `mean` of a window, as in DAGOR, the default; or the `least`, as in CoDel, which does not
   * mind bursts.
   */
  readonly of?: "mean" | "least" | undefined;
}

/**
 * How long requests wait before their work begins. It tells of overload before the time they take in all does: that one rises
 * for a slow dependency just as well.
 */
export class QueueDelay implements OverloadSignal {
  readonly name = "queue-delay";
  readonly #maxMs: number;
  readonly #isMean: boolean;
  #count = 0;
  #sumMs = 0;
  #leastMs = Infinity;

  /** @internal Made by {@link queueDelay}. */
  constructor(maxMs: number, isMean: boolean) {
    this.#maxMs = maxMs;
    this.#isMean = isMean;
  }

  /** A request waited so long, in ms; 0 for one that did not wait. */
  record(waitMs: number): void {
    this.#count += 1;
    this.#sumMs += waitMs;
    if (waitMs < this.#leastMs) this.#leastMs = waitMs;
  }

  read(): number {
    const delayMs = this.#count === 0 ? 0 : this.#isMean ? this.#sumMs / this.#count : this.#leastMs;
    this.#count = this.#sumMs = 0;
    this.#leastMs = Infinity;
    return delayMs / this.#maxMs;
  }
}

/**
 * Requests wait too long; tell it each wait with `record`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function queueDelay({ maxMs = 20, of = "mean" }: QueueDelayOptions = {}): QueueDelay {
  checkNumber("maxMs", maxMs, { min: Number.MIN_VALUE });
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types exist
  if (of !== "mean" && of !== "least") throw new RangeError(`of must be "mean" or "least", got ${String(of)}`);
  return new QueueDelay(maxMs, of === "mean");
}
