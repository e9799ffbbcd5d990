import { checkNumber } from "@breakwater/core";
import type { Trip, TripReport, TripWindow } from "./trip.ts";

class ConsecutiveFailures implements TripWindow {
  readonly #threshold: number;
  #failures = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  record(isFailure: boolean): void {
    this.#failures = isFailure ? this.#failures + 1 : 0;
  }

  verdict(): TripReport | undefined {
    if (this.#failures < this.#threshold) return undefined;
    return { reason: "consecutive-failures", calls: this.#failures, failures: this.#failures };
  }

  isClean(): boolean {
    return this.#failures === 0;
  }
}

/**
 * Trips at that many failures in a row, 5 by default; Infinity never trips. A success starts the count again, a neutral
 * outcome leaves it as it is. Right for dependencies that are either up or down, and the cheapest.
 *
 * @throws TypeError or RangeError when the threshold is not a whole number from 1.
 */
export function consecutiveFailures(threshold = 5): Trip {
  checkNumber("threshold", threshold, { min: 1, integer: true });
  return { createWindow: () => new ConsecutiveFailures(threshold), readsClock: false };
}
