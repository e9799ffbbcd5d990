/**
 * A rate, as a pure algorithm: it knows no clock, no key and no caller. Time is an argument, in ms from any origin, and must
 * not go back from one call to the next; the limiters see to that. Weights are above 0.
 */
export interface RateAlgorithm {
  /** How much may be taken at once when nothing was taken before; what users are told as the limit. */
  readonly limit: number;
  /** The time that the limit is for, in ms; what users are told as the window. */
  readonly windowMs: number;
  /** The state of one key of which nothing was taken. */
  fresh(now: number): RateState;
}

/** What is left for one key. A refusal changes nothing in it. */
export interface RateState {
  readonly algorithm: RateAlgorithm;
  /** Takes that much, or nothing and answers false. */
  tryTake(weight: number, now: number): boolean;
  /**
   * How long until that much can be had: 0 now, Infinity never. Exact when nobody else comes: a microsecond earlier it cannot.
   * `ahead` is what others who wait will have taken by then; with it the answer may be too short, but not too long.
   */
  waitMs(weight: number, now: number, ahead?: number): number;
  /** Takes that much whether it is there or not, so that it is missing later. */
  penalise(weight: number, now: number): void;
  /** Gives that much back, up to what there was at first. */
  refund(weight: number, now: number): void;
  /** What was taken and has not come back, in units, perhaps with a fraction; above the limit after penalties. */
  used(now: number): number;
  /** What can be taken now, in whole units; never negative. */
  remaining(now: number): number;
  /** How long until it is like new, in ms. */
  resetAfterMs(now: number): number;
  /** Goes on under another algorithm of its kind, with what was {@link carriedOver}. False when it is of another kind. */
  adopt(algorithm: RateAlgorithm, now: number): boolean;
  /** Work that took a permit has ended. Only where that matters. */
  ended?(now: number): void;
  /** Work goes on without whose end nothing can be had, so `waitMs` can only say the least. */
  readonly isBusy?: boolean;
  /** Of several in one: the one with the least left. */
  tightest?(now: number): RateState;
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

/** A place in the future. */
export interface Booking {
  readonly weight: number;
  /** When it may act. */
  readonly at: number;
  /** How long one unit took when it was booked; 0 if nothing had to be booked. */
  readonly msPerUnit: number;
}

/**
 * How much counts as used under a new limit: what was used under the old one, but no more than the new limit, for otherwise one
 * who used 500 of 1000 a minute would wait 49 minutes under 10 a minute. What was used beyond the limit (booked, penalised) still is.
 */
export function carriedOver(used: number, from: number, to: number): number {
  return from === Infinity ? 0 : Math.min(used, to + Math.max(0, used - from));
}

/**
 * Times closer than this, in ms, are the same. Floats near a year's worth of ms are 4e-6 apart, and a caller that comes back
 * after exactly the wait it was told must not be refused for the last bit.
 */
export const rounding = 1e-4;
