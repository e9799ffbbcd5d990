import type { Clock, Deadlines } from "@breakwater/core";
import type { RateAlgorithm, RateState } from "./algorithm.ts";
import type { RateKey } from "./keyed-rate-limiter.ts";
import { SlotLine, type RateWaiter } from "./slot-line.ts";
import type { SteadyTime } from "./steady-time.ts";

/** What the slots of one limiter have in common. */
export interface SlotHost {
  readonly clock: Clock;
  readonly time: SteadyTime;
  /** All slots wait on the one timer of these. */
  readonly deadlines: Deadlines;
  /** Makes the error of a waiter whose time is over, or would be before its turn. Calls nobody. */
  readonly tooLate: (waiter: RateWaiter, waitMs: number | undefined) => unknown;
  /** Makes the error of a waiter whose turn can never come. Calls nobody. */
  readonly never: (slot: Slot, waiter: RateWaiter) => unknown;
  /** Somebody waits from now on. */
  readonly busy: (slot: Slot) => void;
  /** Waiters may have been served or refused, and the state is committed. */
  readonly changed: (slot: Slot) => void;
}

/**
 * One key: what is left for it, whether it is blocked, and who waits for it.
 *
 * The invariant, whenever control leaves: if somebody waits there is nothing for the first of them yet, and an alarm is set
 * for when there will be. So newcomers never come before those who wait, and nothing is booked that an abort would have to
 * give back.
 */
export class Slot {
  state: RateState;
  /** What the state was made by, or changed to. */
  algorithm: RateAlgorithm;
  /** Under which it stands among others; undefined where there is but one. */
  readonly key: RateKey | undefined;
  /** In steady time, if it was blocked. */
  blockedUntil: number | undefined = undefined;
  readonly #host: SlotHost;
  #line: SlotLine | undefined = undefined;

  constructor(host: SlotHost, algorithm: RateAlgorithm, now: number, key: RateKey | undefined) {
    this.#host = host;
    this.state = algorithm.fresh(now);
    this.algorithm = algorithm;
    this.key = key;
  }

  get waiting(): number {
    return this.#line === undefined ? 0 : this.#line.size;
  }

  isBlocked(now: number): boolean {
    return this.blockedUntil !== undefined && this.blockedUntil > now;
  }

  /** Takes it, unless there is not enough, somebody waits for it, or the key is blocked. */
  tryTake(weight: number, now: number): boolean {
    if (this.#line !== undefined && this.#line.size > 0 && this.#isWaitedFor()) return false;
    return !this.isBlocked(now) && this.state.tryTake(weight, now);
  }

  /** How long until that much can be had, behind those who wait. */
  waitMs(weight: number, now: number): number {
    const stateMs = this.state.waitMs(weight, now, this.#line?.weight);
    return this.blockedUntil === undefined ? stateMs : Math.max(this.blockedUntil - now, stateMs);
  }

  /** The same for the first of those who wait. */
  headWaitMs(weight: number, now: number): number {
    const stateMs = this.state.waitMs(weight, now);
    return this.blockedUntil === undefined ? stateMs : Math.max(this.blockedUntil - now, stateMs);
  }

  /** Takes it for the first of those who wait. */
  takeForHead(weight: number, now: number): boolean {
    return !this.isBlocked(now) && this.state.tryTake(weight, now);
  }

  /** Nothing tells it from a new one. */
  isIdle(now: number): boolean {
    return this.waiting === 0 && !this.isBlocked(now) && this.state.isBusy !== true && this.state.resetAfterMs(now) <= 0;
  }

  /** Nothing is lost on others when it is forgotten: it still has something left, and nobody waits. */
  isSpare(now: number): boolean {
    return this.waiting === 0 && !this.isBlocked(now) && this.state.isBusy !== true && this.state.remaining(now) >= 1;
  }

  join(waiter: RateWaiter): void {
    this.#line ??= new SlotLine(this, this.#host);
    this.#line.join(waiter);
  }

  /** There may be something for those who wait, or their wait may be another. */
  wake(): void {
    if (this.waiting > 0) this.#line?.serve();
  }

  refuseAll(error: () => unknown): void {
    this.#line?.refuseAll(error);
  }

  // The alarm may be late, because the event loop was blocked.
  #isWaitedFor(): boolean {
    this.wake();
    return this.waiting > 0;
  }
}
