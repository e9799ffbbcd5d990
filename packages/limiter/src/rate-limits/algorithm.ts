/**
 * A rate, as a pure algorithm: it knows no clock, no key and no caller. Time is an argument, in ms from any origin, and must
 * not go back from one call to the next; the limiters see to that.
 */
export interface RateAlgorithm {
  /** How much may be taken at once when nothing was taken before; what users are told as the limit. */
  readonly limit: number;
  /** The time that the limit is for, in ms; what users are told as the window. */
  readonly windowMs: number;
  /** The state of one key. */
  fresh(now: number): RateState;
}

/** What is left for one key. A refusal changes nothing in it. */
export interface RateState {
  /** Takes that much, or nothing and answers false. */
  tryTake(weight: number, now: number): boolean;
  /**
   * How long until that much can be had: 0 now, Infinity never. Waiting exactly that long succeeds when nobody else comes.
   * `ahead` is what others who wait will have taken by then; with it the answer may be too short, but not too long.
   */
  waitMs(weight: number, now: number, ahead?: number): number;
  /** Takes that much whether it is there or not, so that it is missing later. */
  penalise(weight: number, now: number): void;
  /** Gives that much back, up to what there was at first. */
  refund(weight: number, now: number): void;
  /** What can be taken now, in whole units; never negative. */
  remaining(now: number): number;
  /** How long until it is like new, in ms. */
  resetAfterMs(now: number): number;
  /** Work that took a permit has ended. Only where that matters. */
  ended?(now: number): void;
  /** Work goes on without whose end nothing can be had. */
  readonly isBusy?: boolean;
}

/** A rate from which future places can be booked. */
export interface ReservableAlgorithm extends RateAlgorithm {
  fresh(now: number): ReservableState;
}

export interface ReservableState extends RateState {
  /** Books that much for the earliest time there is. Undefined, and nothing is changed, if that is later than `maxDelayMs` or never. */
  reserve(weight: number, now: number, maxDelayMs: number): Booking | undefined;
  /** Gives back what nobody has booked behind it. Nothing once its time has come. */
  cancel(booking: Booking, now: number): void;
}

export interface Booking {
  readonly weight: number;
  /** When it may act. */
  readonly at: number;
  /** How long one unit takes, as it was when it was booked. */
  readonly msPerUnit: number;
}

/** Times closer than this, in ms, are the same: a billionth of a second, which rounding may eat. */
export const rounding = 1e-6;
