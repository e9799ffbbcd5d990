import { checkNumber } from "@breakwater/core";

export interface UpstreamCursorOptions {
  /** For how long a cursor that was told holds, in ms. Default 1000. */
  readonly maxAgeMs?: number | undefined;
}

/**
 * What a server told of its cursor, kept by those who call it: calls that it would shed need not be sent.
 *
 * Servers put their cursor's position on their answers. It is believed for `maxAgeMs` only: who sends nothing hears nothing,
 * and would otherwise be shut out for ever by the last thing it heard.
 */
export class UpstreamCursor {
  readonly #maxAgeMs: number;
  #position = Infinity;
  #heardAt = -Infinity;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ maxAgeMs = 1000 }: UpstreamCursorOptions = {}) {
    this.#maxAgeMs = checkNumber("maxAgeMs", maxAgeMs);
  }

  /** An answer came with this position. */
  hear(position: number, now: number): void {
    this.#position = checkNumber("position", position);
    this.#heardAt = now;
  }

  /** Whether a call of that level is worth sending. */
  admits(level: number, now: number): boolean {
    return level < this.#position || now - this.#heardAt > this.#maxAgeMs;
  }
}
