import { checkNumber, noCall } from "@breakwater/core";
import type { SocketSettings } from "./socket-options.ts";

/**
 * When to connect again. What counts is how many attempts came to nothing in a row, and a connection that was lost soon came to
 * nothing too: a server that takes everybody and drops them at once must not be asked without a pause.
 */
export class Reconnects {
  readonly #settings: SocketSettings;
  #failures = 0;
  #delayOf: ReturnType<SocketSettings["backoff"]["start"]> | undefined = undefined;

  constructor(settings: SocketSettings) {
    this.#settings = settings;
  }

  /** How many attempts have failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** A connection was a good one. */
  reset(): void {
    this.#failures = 0;
    this.#delayOf = undefined;
  }

  /**
   * An attempt has come to nothing: how long to wait before the next one, or undefined when there is none.
   *
   * @throws what the backoff throws; TypeError or RangeError when it answers no time.
   */
  next(): number | undefined {
    const { backoff, attempts, random } = this.#settings;
    this.#failures += 1;
    if (this.#failures >= attempts) return undefined;
    this.#delayOf ??= backoff.start(random);
    const context = { attempt: this.#failures, call: noCall, outcome: "failure", giveUp: undefined } as const;
    const delayMs = checkNumber("the delay that the backoff answered", this.#delayOf(this.#failures, context));
    return delayMs === Infinity ? undefined : delayMs;
  }
}
