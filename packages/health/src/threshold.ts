/**
 * A threshold that is reached at once and left slowly: how it works, and why.
 *
 * The problem: a rate that hovers round one number crosses it all the time, and each crossing takes an instance out of a
 * load balancer or puts it back. So the way in and the way out differ in two things.
 *
 *     rate
 *     enter  - - - - - - - x - - - - - - - - - - - - -    reached: at once, a fault must not hide behind a delay
 *                        / : \        /\
 *     leave  - - - - - / - : - \ - - /- -\ - - - - - -    below this the calm begins, above it it is broken
 *              _______/    :    \__/  :   \__________
 *                          :          :   |<-dwell->|     left: when the calm has lasted for all of the dwell
 *                          |<------ reached ------->|
 *
 * The invariant: it is left only at `leavesAt`, and that is finite only while it is reached and the rate was below `leave`
 * at every judgement since `leavesAt - dwellMs`. So whoever judges at each change of the rate, and settles before each
 * judgement, gets the same answer however late he does both.
 *
 * Rejected: a minimum time in the state, counted from the way in. It is over when a long fault ends, so that the next
 * failure after the first calm second enters again: it delays a flap, but does not prevent it. And a delay on the way in: ten
 * seconds of answers that fail are what this is to prevent.
 */
export class Threshold {
  readonly enter: number;
  readonly leave: number;
  readonly #dwellMs: number;
  #isReached = false;
  #leavesAt: number = Number.POSITIVE_INFINITY;

  constructor(enter: number, leave: number, dwellMs: number) {
    this.enter = enter;
    this.leave = leave;
    this.#dwellMs = dwellMs;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /** When time alone lets it be left; Infinity when it does not. */
  get leavesAt(): number {
    return this.#leavesAt;
  }

  /** The rate is this from `now` on. A threshold of 0 means "any failure at all", not "always". */
  judge(failures: number, ratio: number, now: number): void {
    if (failures > 0 && ratio >= this.enter) {
      this.#isReached = true;
      this.#leavesAt = Infinity;
    } else if (this.#isReached) {
      const isCalm = failures === 0 || ratio < this.leave;
      if (!isCalm) this.#leavesAt = Infinity;
      else if (this.#leavesAt === Infinity) this.#leavesAt = now + this.#dwellMs;
      this.settle(now);
    }
  }

  /** Leaves, when the calm has lasted long enough by now. */
  settle(now: number): void {
    if (now >= this.#leavesAt) this.reset();
  }

  reset(): void {
    this.#isReached = false;
    this.#leavesAt = Infinity;
  }
}
