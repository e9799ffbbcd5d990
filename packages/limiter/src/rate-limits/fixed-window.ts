import type { RateAlgorithm, RateState } from "./algorithm.ts";
import { checkWindow, type WindowOptions } from "./sliding-log.ts";

export interface FixedWindowOptions extends WindowOptions {
  /**
   * When windows begin. `first-take`: a key's window begins when it takes something and none is open; the default, for then
   * not all clients come back at the same moment. `clock`: at the multiples of `windowMs` on the limiter's clock.
   */
  readonly align?: "first-take" | "clock" | undefined;
}

/** Where the window ends in which that time lies. */
export type WindowEnd = (now: number) => number;

/**
 * Fixed windows: so much in each, counted anew in the next.
 *
 * Easy to explain and to bill by. The price is known: around the edge between two windows twice the limit may pass in an
 * instant, never more.
 */
export class Windows implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly endOf: WindowEnd;

  constructor(limit: number, windowMs: number, endOf: WindowEnd) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.endOf = endOf;
  }

  fresh(): RateState {
    return new WindowState(this);
  }
}

class WindowState implements RateState {
  readonly #windows: Windows;
  #count = 0;
  #endsAt = -Infinity;

  constructor(windows: Windows) {
    this.#windows = windows;
  }

  tryTake(weight: number, now: number): boolean {
    this.#roll(now);
    if (this.#count + weight > this.#windows.limit) return false;
    this.penalise(weight, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { limit, windowMs } = this.#windows;
    if (weight > limit) return Infinity;
    this.#roll(now);
    if (this.#count + ahead + weight <= limit) return 0;
    const endsAt = this.#endsAt > now ? this.#endsAt : this.#windows.endOf(now);
    const laterWindows = Math.max(0, Math.ceil((ahead + weight) / limit) - 1);
    return endsAt - now + (this.#count === 0 ? laterWindows - 1 : 0) * windowMs;
  }

  penalise(weight: number, now: number): void {
    this.#roll(now);
    if (weight === 0 || this.#windows.limit === Infinity) return;
    if (this.#endsAt <= now) this.#endsAt = this.#windows.endOf(now);
    this.#count += weight;
  }

  refund(weight: number, now: number): void {
    this.#roll(now);
    this.#count = Math.max(0, this.#count - weight);
  }

  remaining(now: number): number {
    this.#roll(now);
    return Math.max(0, this.#windows.limit - this.#count);
  }

  resetAfterMs(now: number): number {
    this.#roll(now);
    return this.#count === 0 ? 0 : this.#endsAt - now;
  }

  #roll(now: number): void {
    if (now >= this.#endsAt) this.#count = 0;
  }
}

/**
 * So much in each window. Around the edge of two, twice the limit may pass.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function fixedWindow({ align = "first-take", ...options }: FixedWindowOptions): RateAlgorithm {
  const [limit, windowMs] = checkWindow(options);
  if (align === "clock") return new Windows(limit, windowMs, (now) => (Math.floor(now / windowMs) + 1) * windowMs);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types exist
  if (align === "first-take") return new Windows(limit, windowMs, (now) => now + windowMs);
  throw new RangeError(`align must be "first-take" or "clock", got ${String(align)}`);
}
