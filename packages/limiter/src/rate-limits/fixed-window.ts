import { checkFunction } from "@breakwater/core";
import type { RateAlgorithm, RateState } from "./algorithm.ts";
import { checkWindow, type WindowOptions } from "./sliding-log.ts";
import { WallWindow } from "./wall-window.ts";

export interface FixedWindowOptions extends WindowOptions {
  /**
   * When windows begin. `first-hit`: a key's window begins when it takes something and none is open; the default, for then
   * not all clients come back at the same moment. `epoch`: at the multiples of `windowMs` since 1970, for everybody.
   */
  readonly align?: "first-hit" | "epoch" | undefined;
  /** The time that `epoch` is aligned to, in ms since 1970. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

export interface WindowsOptions {
  readonly limit: number;
  /** What users are told. */
  readonly windowMs: number;
  /** The shortest that there is, in ms. */
  readonly shortestMs: number;
  /** How long a window lasts that begins so long after the last one's end, in ms. */
  readonly lengthMs: (sinceLastMs: number) => number;
}

/**
 * Fixed windows: so much in each, counted anew in the next.
 *
 * Easy to explain and to bill by. The price is known: around the edge between two windows twice the limit may pass in an
 * instant, never more.
 */
export class Windows implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly shortestMs: number;
  readonly lengthMs: (sinceLastMs: number) => number;

  constructor({ limit, windowMs, shortestMs, lengthMs }: WindowsOptions) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.shortestMs = shortestMs;
    this.lengthMs = lengthMs;
  }

  fresh(): RateState {
    return new WindowState(this);
  }
}

class WindowState implements RateState {
  algorithm: Windows;
  /** Of the window that ends then. */
  #count = 0;
  #endsAt = -Infinity;

  constructor(windows: Windows) {
    this.algorithm = windows;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.used(now) + weight > this.algorithm.limit) return false;
    this.penalise(weight, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { limit, shortestMs, lengthMs } = this.algorithm;
    if (weight > limit) return Infinity;
    const missing = ahead + weight - Math.max(0, limit - this.used(now));
    if (missing <= 0) return 0;
    const leftMs = this.#endsAt > now ? this.#endsAt - now : lengthMs(now - this.#endsAt);
    return leftMs + (Math.ceil(missing / limit) - 1) * shortestMs;
  }

  penalise(weight: number, now: number): void {
    if (this.algorithm.limit === Infinity) return;
    this.#count = this.used(now) + weight;
    if (this.#endsAt <= now) this.#endsAt = now + this.algorithm.lengthMs(now - this.#endsAt);
  }

  refund(weight: number, now: number): void {
    this.#count = Math.max(0, this.used(now) - weight);
  }

  used(now: number): number {
    return now < this.#endsAt ? this.#count : 0;
  }

  remaining(now: number): number {
    return Math.floor(Math.max(0, this.algorithm.limit - this.used(now)));
  }

  resetAfterMs(now: number): number {
    return this.used(now) === 0 ? 0 : this.#endsAt - now;
  }

  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof Windows)) return false;
    this.algorithm = algorithm;
    // The open window goes on, but no longer than a new one would.
    if (now < this.#endsAt) this.#endsAt = Math.min(this.#endsAt, now + algorithm.lengthMs(Infinity));
    return true;
  }
}

/**
 * So much in each window. Around the edge of two, twice the limit may pass.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function fixedWindow({ align = "first-hit", wallClock = Date.now, ...options }: FixedWindowOptions): RateAlgorithm {
  const [limit, windowMs] = checkWindow(options);
  checkFunction("wallClock", wallClock);
  const base = { limit, windowMs, shortestMs: windowMs };
  if (align === "first-hit") return new Windows({ ...base, lengthMs: () => windowMs });
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types exist
  if (align !== "epoch") throw new RangeError(`align must be "first-hit" or "epoch", got ${String(align)}`);
  const windows = new WallWindow(windowMs, wallClock, (wall) => (Math.floor(wall / windowMs) + 1) * windowMs);
  return new Windows({ ...base, lengthMs: (sinceLastMs) => windows.lengthMs(sinceLastMs) });
}
