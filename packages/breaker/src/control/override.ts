import { Pass } from "../circuit/admission.ts";
import type { BreakerMode } from "../events.ts";

/** What people want of a breaker, over what its circuit says. */
export class Override {
  mode: BreakerMode = "auto";
  /** Whether the mode is wanted of this breaker alone: another one of the same options and control would not have it. */
  isModeOwn = false;
  /** Who holds it open; while anybody does, nobody is let in. */
  readonly holders: Set<object> = new Set<object>();
  /** For calls that are let through whatever the circuit says: it belongs to no period, so they count for nothing. */
  readonly bypass: Pass = new Pass();
  /** How many were let through only because it observed. */
  wouldReject = 0;

  /** Whether nobody wants anything any more, and there is nothing to tell of the time when somebody did. */
  get isIdle(): boolean {
    return this.mode === "auto" && !this.isModeOwn && this.holders.size === 0 && this.wouldReject === 0;
  }
}

/** One hold on a breaker, or on all of a control. The breaker stays isolated until the last is released. */
export class Isolation {
  #release: ((self: Isolation) => void) | undefined;

  /** @internal Made by `isolate`. */
  constructor(release: (self: Isolation) => void) {
    this.#release = release;
  }

  /** Lets go. Doing it twice is harmless. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.(this);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
