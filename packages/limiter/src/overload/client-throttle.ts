import {
  checkNumber,
  noCall,
  outcomeOfError,
  systemClock,
  type Call,
  type Clock,
  type Guard,
  type Outcome,
  type Service,
  type Work,
} from "@breakwater/core";
import { LimiterRejectedError } from "../errors.ts";

export interface ClientThrottleOptions {
  /** So many requests are sent for each that is accepted: from 1. Lower is stricter. Default 2. */
  readonly multiplier?: number | undefined;
  /** What counts is what happened within this time, in ms. Default 120,000. */
  readonly windowMs?: number | undefined;
  /** At most this share is refused, from 0 to below 1: some must go out, or nobody would see the recovery. Default 0.9. */
  readonly maxRejectionRatio?: number | undefined;
  /** Below so many requests a second nothing is refused: a few failures are chance. Default 5. */
  readonly minRequestsPerSecond?: number | undefined;
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

const buckets = 20;

/**
 * A client that holds back by itself what the server would refuse.
 *
 * Refusing costs a server, too; when most of what comes is refused, refusing is all it does. So each client looks at what
 * became of its own requests lately, and refuses by chance
 *
 *     max(0, (requests - K x accepts) / (requests + 1))
 *
 * of the next ones. While the server accepts more than one in K nothing is refused; when it accepts nothing, nearly
 * everything is, but for the tenth that finds out when it is well again. What is refused here counts as a request: that is
 * what lets the share rise when more is asked for.
 *
 * Source: Google, Site Reliability Engineering, chapter 21, Handling Overload: K = 2, two minutes. The cap is Envoy's, and so
 * is the floor: `rps_threshold`.
 */
export class ClientThrottle {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #multiplier: number;
  readonly #maxRatio: number;
  readonly #minRequests: number;
  readonly #bucketMs: number;
  readonly #requests = new Float64Array(buckets);
  readonly #accepts = new Float64Array(buckets);
  #bucket = 0;
  #sumRequests = 0;
  #sumAccepts = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: ClientThrottleOptions = {}) {
    const { multiplier = 2, windowMs = 120_000, maxRejectionRatio = 0.9, minRequestsPerSecond = 5 } = options;
    this.#multiplier = checkNumber("multiplier", multiplier, { min: 1 });
    this.#bucketMs = checkNumber("windowMs", windowMs, { min: 1, max: Number.MAX_VALUE }) / buckets;
    this.#maxRatio = checkNumber("maxRejectionRatio", maxRejectionRatio, { max: 1 - Number.EPSILON });
    this.#minRequests = (checkNumber("minRequestsPerSecond", minRequestsPerSecond) * windowMs) / 1000;
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#bucket = Math.floor(this.#clock.now() / this.#bucketMs);
  }

  /** The chance with which the next one is refused. */
  get rejectionRatio(): number {
    this.#roll();
    if (this.#sumRequests < this.#minRequests) return 0;
    const ratio = (this.#sumRequests - this.#multiplier * this.#sumAccepts) / (this.#sumRequests + 1);
    return Math.min(this.#maxRatio, Math.max(0, ratio));
  }

  /** Whether to send the next one; it counts as a request either way. Tell what became of it with {@link settle}. */
  tryAdmit(): boolean {
    const ratio = this.rejectionRatio;
    this.#count(this.#requests);
    this.#sumRequests += 1;
    return ratio === 0 || this.#random() >= ratio;
  }

  /** What became of one that was sent. `neutral` takes it out of the count: it says nothing about the server. */
  settle(outcome: Outcome): void {
    this.#roll();
    if (outcome === "failure") return;
    // A request that says nothing is one that was accepted as often as others are: it changes no ratio.
    const share = outcome === "success" ? 1 : Math.min(1, this.#sumAccepts / Math.max(1, this.#sumRequests - 1));
    this.#count(this.#accepts, share);
    this.#sumAccepts += share;
  }

  /** Does the work unless it is held back. Rejects with {@link LimiterRejectedError} (`overloaded`). */
  run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
    if (!this.tryAdmit()) return this.#refuse();
    return this.#follow(() => work(call), call);
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => this.run(() => next(input, call), call);

  async #follow<T>(work: () => T | PromiseLike<T>, call: Call): Promise<T> {
    try {
      const value = await work();
      this.settle("success");
      return value;
    } catch (error) {
      this.settle(outcomeOfError(error, call));
      throw error;
    }
  }

  #refuse(): Promise<never> {
    const source = this.name;
    const message = `throttle${source === undefined ? "" : ` ${source}`} holds back ${Math.round(100 * this.rejectionRatio)} % of the requests`;
    return Promise.reject(new LimiterRejectedError(message, { reason: "overloaded", limit: Infinity, source }));
  }

  #count(counts: Float64Array, amount = 1): void {
    const index = this.#bucket % buckets;
    counts[index] = (counts[index] ?? 0) + amount;
  }

  /** Forgets what is older than the window. */
  #roll(): void {
    const now = Math.floor(this.#clock.now() / this.#bucketMs);
    const steps = Math.min(buckets, now - this.#bucket);
    for (let step = 1; step <= steps; step += 1) {
      const index = (now - steps + step) % buckets;
      this.#sumRequests -= this.#requests[index] ?? 0;
      this.#sumAccepts -= this.#accepts[index] ?? 0;
      this.#requests[index] = this.#accepts[index] = 0;
    }
    if (steps > 0) this.#bucket = now; // a clock that went back is waited for
  }
}
