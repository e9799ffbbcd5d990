import { checkNumber, noCall, type Call, type Guard, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { LimiterEvents } from "../events.ts";
import type { Permit, PermitOwner } from "../permit.ts";
import type { Booking, RateAlgorithm, ReservableAlgorithm, ReservableState } from "./algorithm.ts";
import type { Decision } from "./decision.ts";
import { Desk } from "./desk.ts";
import { checkAlgorithm, readRateOptions, readWeight, type RateAcquireOptions, type RateLimiterOptions, type RateWeight } from "./options.ts";
import { Slot } from "./slot.ts";

export interface RateLimiterStats {
  /** What may be taken at once after a pause. */
  readonly limit: number;
  /** What can be taken now. */
  readonly remaining: number;
  readonly waiting: number;
  readonly granted: number;
  readonly rejected: number;
}

/** A place in the future. It is yours unless you cancel it. */
export interface Reservation {
  /** How long to wait before acting, in ms. */
  readonly delayMs: number;
  /** Gives back what nobody has booked behind it. Once its time has come, or twice, it changes nothing. */
  cancel(): void;
}

/**
 * So much in a time: calls beyond it wait their turn, or are refused with the time after which they would not be.
 *
 * Prefer {@link run} and {@link layer} for outgoing calls, which are better late than refused, and {@link take} for
 * incoming ones, which want an answer now.
 */
export class RateLimiter<A extends RateAlgorithm = RateAlgorithm> implements PermitOwner {
  readonly name: string | undefined;
  readonly #desk: Desk;
  readonly #slot: Slot;
  #algorithm: A;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: RateLimiterOptions<A>) {
    const settings = readRateOptions(options);
    this.name = settings.name;
    this.#algorithm = options.algorithm;
    this.#desk = new Desk(settings, options.algorithm);
    this.#slot = new Slot(this.#desk.host, options.algorithm.fresh(this.#desk.time.now()));
  }

  get algorithm(): A {
    return this.#algorithm;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.#slot.waiting;
  }

  get stats(): RateLimiterStats {
    const { granted, rejected, time } = this.#desk;
    const remaining = this.#slot.state.remaining(time.now());
    return { limit: this.#algorithm.limit, remaining, waiting: this.waiting, granted, rejected };
  }

  on(type: "rejected", listener: (event: LimiterEvents["rejected"]) => void): Unsubscribe {
    return this.#desk.events.on(type, listener);
  }

  /**
   * A permit, or undefined when there is nothing left or somebody waits already. Never waits, and never counts as a refusal.
   *
   * @throws TypeError or RangeError when the weight is no whole number from 1.
   */
  tryAcquire(options?: RateWeight): Permit | undefined {
    return this.#desk.tryAcquire(this.#slot, this, readWeight(options?.weight));
  }

  /** Takes it or not, and tells what is left: what a front end wants. A refusal takes nothing, unless `penalisesRefusals`. */
  take(weight = 1): Decision {
    return this.#desk.take(this.#slot, readWeight(weight));
  }

  /** What {@link take} would say, without taking. A weight of 0 asks for what is left. */
  check(weight = 1): Decision {
    return this.#desk.check(this.#slot, weight === 0 ? 0 : readWeight(weight));
  }

  /**
   * A permit, perhaps after a wait: first come, first served. A wait that cannot end in time is refused at once, and one that
   * is aborted has taken nothing.
   *
   * Rejects with the signal's own reason, or with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`).
   */
  acquire(options: RateAcquireOptions = {}): Promise<Permit> {
    return this.#desk.acquire(this.#slot, this, options);
  }

  /**
   * Does the work when its turn has come: at once, in this very turn, if there is something left. Result and error of the work
   * pass through as they are. Rejects like {@link acquire} when the work is not admitted.
   */
  run<T>(work: Work<T>, call: Call = noCall, options?: RateWeight): Promise<T> {
    return this.#desk.run(this.#slot, this, work, call, options);
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => this.run(() => next(input, call), call);

  /**
   * Books the earliest place there is, which may be in the future, and does not wait for it. Undefined when that is more than
   * `maxDelayMs` away (default Infinity), or never, or while others wait in {@link acquire}. For `tokenBucket`.
   *
   * @throws TypeError or RangeError for a wrong weight or delay.
   */
  reserve(this: RateLimiter<ReservableAlgorithm>, options: RateWeight & { readonly maxDelayMs?: number } = {}): Reservation | undefined {
    const weight = readWeight(options.weight);
    const maxDelayMs = checkNumber("maxDelayMs", options.maxDelayMs ?? Infinity);
    const now = this.#desk.time.now();
    if (this.#desk.isClosed || this.#slot.waiting > 0 || this.#slot.blockedUntil > now) return undefined;
    const state = this.#slot.state as ReservableState; // it was made by the algorithm that `this` is typed with
    const booking = state.reserve(weight, now, maxDelayMs);
    if (booking === undefined) return undefined;
    let isCancelled = false;
    const cancel = (): void => {
      if (!isCancelled) this.#cancel(state, booking);
      isCancelled = true;
    };
    return { delayMs: booking.at - now, cancel };
  }

  /** Gives back what was taken in vain, up to what there was at first, and ends a {@link block}. */
  refund(weight = 1): void {
    readWeight(weight);
    this.#slot.blockedUntil = -Infinity;
    this.#slot.state.refund(weight, this.#desk.time.now());
    this.#slot.wake();
  }

  /** Takes it whether it is there or not: it is missing later. */
  penalise(weight = 1): void {
    this.#slot.state.penalise(readWeight(weight), this.#desk.time.now());
  }

  /** Admits nobody for so many ms, whatever is left; those who wait go on waiting. 0 ends it. */
  block(durationMs: number): void {
    this.#slot.blockedUntil = this.#desk.time.now() + checkNumber("durationMs", durationMs);
    this.#slot.wake();
  }

  /** Forgets everything that was taken, and a {@link block}. */
  reset(): void {
    this.#slot.blockedUntil = -Infinity;
    this.#slot.state = this.#algorithm.fresh(this.#desk.time.now());
    this.#slot.wake();
  }

  /**
   * Another rate from now on. What is used of the old one counts as used of the new one, so a change up gives the difference at
   * once, and a change down takes it; nothing is negative.
   */
  change(algorithm: A): void {
    checkAlgorithm(algorithm);
    const now = this.#desk.time.now();
    const used = Math.max(0, this.#algorithm.limit - this.#slot.state.remaining(now));
    this.#algorithm = algorithm;
    this.#desk.algorithm = algorithm;
    this.#slot.state = algorithm.fresh(now);
    if (used > 0 && algorithm.limit < Infinity) this.#slot.state.penalise(Math.min(used, algorithm.limit), now);
    this.#slot.wake();
  }

  /** Stops admitting, for good: whoever waits or comes is refused, with the reason as the error's `cause`. */
  close(reason?: unknown): void {
    this.#desk.close(reason, [this.#slot]);
  }

  /** @internal A permit comes back. */
  give(): void {
    this.#desk.ended(this.#slot);
  }

  /** @internal For `shared`. */
  get slot(): Slot {
    return this.#slot;
  }

  /** @internal For `shared`: the time of the slot. */
  steadyNow(): number {
    return this.#desk.time.now();
  }

  #cancel(state: ReservableState, booking: Booking): void {
    if (state !== this.#slot.state) return; // it was reset since
    state.cancel(booking, this.#desk.time.now());
    this.#slot.wake();
  }
}
