/**
 * Lets in a growing share of the calls, after a break: a dependency that comes back, with cold caches and nobody connected, is
 * knocked over again by everybody at once.
 *
 * The share rises in a straight line from `from` to 1. Which calls go is no matter of chance: each adds the share to a credit,
 * and goes when that makes a whole. So of any hundred calls in a row at 10 % ten go, and a test needs no seed.
 *
 *     share 0.4    credit .4 .8 1.2 .6 1.0 .4    goes at 1.2 and 1.0, and pays one
 */
export class Ramp {
  readonly #startedAt: number;
  readonly #rampMs: number;
  readonly #from: number;
  #credit: number;

  constructor(startedAt: number, rampMs: number, from: number) {
    this.#startedAt = startedAt;
    this.#rampMs = rampMs;
    this.#from = from;
    this.#credit = 1 - from; // the first one goes
  }

  leftMs(now: number): number {
    return Math.max(0, this.#startedAt + this.#rampMs - now);
  }

  /** The share of calls that go now. */
  share(now: number): number {
    const leftMs = this.leftMs(now);
    return leftMs === 0 ? 1 : this.#from + (1 - this.#from) * (1 - leftMs / this.#rampMs);
  }

  /** Whether the next call would go. A question without effect. */
  wouldAdmit(now: number): boolean {
    return isWhole(this.#credit + this.share(now));
  }

  /** Whether this call goes. */
  admits(now: number): boolean {
    const credit = this.#credit + this.share(now);
    const isAdmitted = isWhole(credit);
    this.#credit = isAdmitted ? credit - 1 : credit;
    return isAdmitted;
  }
}

// Sums of shares miss a whole by what rounding takes.
function isWhole(credit: number): boolean {
  return credit >= 1 - 1e-9;
}
