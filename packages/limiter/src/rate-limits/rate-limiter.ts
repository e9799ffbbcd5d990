import { checkNumber, describeLayer, noCall, type Call, type Guard, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { LimiterEvents } from "../events.ts";
import type { Permit } from "../permit.ts";
import type { RateAlgorithm, ReservableAlgorithm } from "./algorithm.ts";
import type { Decision } from "./decision.ts";
import { Desk, type Reservation } from "./desk.ts";
import {
  checkAlgorithm,
  readMaxDelay,
  readRateOptions,
  readWeight,
  type RateAcquireOptions,
  type RateLimiterOptions,
  type RateWeight,
  type ReserveOptions,
} from "./options.ts";
import type { Slot } from "./slot.ts";
import type { UnionMember } from "./union.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface RateLimiterStats {
  /** What may be taken at once after a pause. */
  readonly limit: number;
  /** What can be taken now. */
  readonly remaining: number;
  readonly waiting: number;
  readonly granted: number;
  readonly rejected: number;
}

/**
 * So much in a time: calls beyond it wait their turn, or are refused with the time after which they would not be.
 *
 * Prefer {@link run} and {@link layer} for outgoing calls, which are better late than refused, and {@link take} for
 * incoming ones, which want an answer now. For a rate of each client's own see {@link KeyedRateLimiter}.
 */
export class RateLimiter<A extends RateAlgorithm = RateAlgorithm> implements UnionMember {
  readonly name: string | undefined;
  readonly #desk: Desk;
  readonly #room: WaitingRoom;
  readonly #slot: Slot;
  #algorithm: A;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: RateLimiterOptions<A>) {
    const settings = readRateOptions(options);
    this.name = settings.name;
    this.#algorithm = options.algorithm;
    this.#desk = new Desk(settings, options.algorithm);
    this.#room = new WaitingRoom(this.#desk);
    this.#slot = this.#desk.makeSlot(this.#desk.time.now());
  }

  get algorithm(): A {
    return this.#algorithm;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.#slot.waiting;
  }

  get stats(): RateLimiterStats {
    const { remaining } = this.#desk.check(this.#slot, 0, this.#desk.time.now());
    return { limit: this.#algorithm.limit, remaining, waiting: this.waiting, granted: this.#desk.granted, rejected: this.#desk.refusals.count };
  }

  on(type: "rejected", listener: (event: LimiterEvents["rejected"]) => void): Unsubscribe {
    return this.#desk.events.on(type, listener);
  }

  /**
   * A permit, or undefined when there is nothing left or somebody waits already. Never waits, and never counts as a refusal.
   * The permit matters for `spacing` from the end only: elsewhere what was taken comes back with time, released or not.
   *
   * @throws TypeError or RangeError when the weight is no whole number from 1.
   */
  tryAcquire(options?: RateWeight): Permit | undefined {
    const weight = options === undefined ? 1 : readWeight(options.weight);
    return this.#desk.tryAcquire(this.#slot, weight, this.#desk.time.now());
  }

  /** Takes it or not, and tells what is left: what a front end wants. A refusal takes nothing, unless `penalisesRefusals`. */
  take(weight = 1): Decision {
    return this.#desk.take(this.#slot, readWeight(weight), this.#desk.time.now());
  }

  /** What {@link take} would say, without taking. A weight of 0 asks for what is left. */
  check(weight = 1): Decision {
    return this.#desk.check(this.#slot, weight === 0 ? 0 : readWeight(weight), this.#desk.time.now());
  }

  /**
   * A permit, perhaps after a wait: first come, first served. A wait that cannot end in time is refused at once, and one that
   * is aborted has taken nothing.
   *
   * Rejects with the signal's own reason, or with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`).
   */
  acquire(options: RateAcquireOptions = {}): Promise<Permit> {
    return this.#room.acquire(this.#slot, options, this.#desk.time.now());
  }

  /**
   * Does the work when its turn has come: at once, in this very turn, if there is something left. Result and error of the work
   * pass through as they are. Rejects like {@link acquire} when the work is not admitted.
   */
  run<T>(work: Work<T>, call: Call = noCall, options?: RateWeight): Promise<T> {
    return this.#room.run(this.#slot, work, call, options, this.#desk.time.now());
  }

  /** {@link run} as a layer: fits round anything. */
  get layer(): Guard {
    return describeLayer(
      <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
      (input, call) => this.run(() => next(input, call), call),
      { kind: "rate-limiter", name: this.name },
    );
  }

  /**
   * Books the earliest place there is, which may be in the future, and does not wait for it. Undefined when that is more than
   * `maxDelayMs` away, or never, while blocked, or while others wait in {@link acquire}. For `gcra` and `tokenBucket`.
   *
   * @throws TypeError or RangeError for a wrong weight or delay; TypeError for an algorithm that cannot book.
   */
  reserve(this: RateLimiter<ReservableAlgorithm>, options: ReserveOptions = {}): Reservation | undefined {
    return this.#desk.reserve(this.#slot, readWeight(options.weight), readMaxDelay(options), this.#desk.time.now());
  }

  /** Gives back what was taken in vain, up to what there was at first. A {@link block} stays. */
  refund(weight = 1): void {
    this.#desk.refund(this.#slot, readWeight(weight));
  }

  /** Takes it whether it is there or not: it is missing later. */
  penalise(weight = 1): void {
    this.#desk.penalise(this.#slot, readWeight(weight), this.#desk.time.now());
  }

  /**
   * Admits nobody for so many ms, whatever is left and whatever is given back; those who wait go on waiting if their time
   * allows it. 0 ends it, and so does {@link reset}.
   */
  block(durationMs: number): void {
    this.#desk.block(this.#slot, checkNumber("durationMs", durationMs), this.#desk.time.now());
  }

  /** Forgets everything that was taken, and a {@link block}. */
  reset(): void {
    this.#desk.reset(this.#slot);
  }

  /**
   * Another rate from now on. What was used stays used, up to the new limit: a change up gives the difference at once, a change
   * down takes it, and what is left is never negative. Reservations keep their times. Of those who wait all who now fit are served, and whoever can
   * no longer be served in time is refused when first in line.
   */
  change(algorithm: A): void {
    checkAlgorithm(algorithm);
    this.#algorithm = algorithm;
    this.#desk.change(algorithm);
    this.#desk.update(this.#slot, this.#desk.time.now());
  }

  /** Stops admitting, for good: whoever waits or comes is refused, with the reason as the error's `cause`. */
  close(reason?: unknown): void {
    this.#desk.close(reason);
  }

  /** Resolves the next time that nobody waits. Does not stop anybody from coming. */
  idle(): Promise<void> {
    return this.#desk.idle();
  }

  /** @internal Whether it is the same rate, so that {@link union} adds the weights. */
  isSame(other: UnionMember): boolean {
    return other === this;
  }

  /** @internal For `shared`. */
  get shelf(): { readonly desk: Desk; readonly slot: Slot } {
    return { desk: this.#desk, slot: this.#slot };
  }
}
