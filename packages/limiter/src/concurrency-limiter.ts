import { Emitter, noCall, type Call, type Clock, type Guard, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import { askOf } from "./ask.ts";
import type { LimiterRejectionReason } from "./errors.ts";
import type { LimiterEvents } from "./events.ts";
import { measuresOf, type Measures } from "./measures.ts";
import {
  checkLimit,
  checkTimeout,
  checkWeight,
  readOptions,
  type AcquireOptions,
  type ConcurrencyLimiterOptions,
  type Weighted,
} from "./options.ts";
import { Permit } from "./permit.ts";
import { Refusals, type RefusalDetails } from "./refusals.ts";
import { Semaphore } from "./semaphore.ts";
import type { LimiterStats } from "./stats.ts";

/**
 * Lets so much run at a time; the rest waits in line, first come first served, or is refused when the line is full.
 *
 * Prefer {@link run} and {@link layer}, which give back by themselves. Do not ask for a second permit while holding one
 * of the same limiter: when all hold one and wait for another, nobody ever gets it.
 *
 * Uncontended, a call costs one derived promise: no permit, no closure, no reading of a clock.
 */
export class ConcurrencyLimiter {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #queueLimit: number;
  readonly #queueTimeoutMs: number;
  readonly #semaphore: Semaphore;
  readonly #events = new Emitter<LimiterEvents>();
  readonly #measures: Measures | undefined;
  readonly #refusals: Refusals;
  #closedBy: unknown = undefined;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: ConcurrencyLimiterOptions) {
    const { limit, queueLimit, queueTimeoutMs, name, clock, meter } = readOptions(options);
    this.name = name;
    this.#clock = clock;
    this.#queueLimit = queueLimit;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#semaphore = new Semaphore({
      limit,
      clock,
      refusal: (reason, ask) => this.#refusals.make(reason, ask),
      served: (ask) => this.#measures?.wait.record((this.#clock.now() - ask.since) / 1000),
      woken: () => this.#refusals.announce(),
    });
    this.#measures = measuresOf(meter, name, this.#semaphore);
    this.#refusals = new Refusals({ name, queueLimit, readings: this.#semaphore }, this.#events, this.#measures);
  }

  /** How much may run at a time. Change it with {@link resize}. */
  get limit(): number {
    return this.#semaphore.limit;
  }

  /** Sum of the weights admitted and not given back. */
  get inUse(): number {
    return this.#semaphore.inUse;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.#semaphore.waiting;
  }

  get stats(): LimiterStats {
    const { limit, inUse, waiting, granted } = this.#semaphore;
    return { limit, inUse, waiting, granted, rejected: this.#refusals.count };
  }

  on<Type extends keyof LimiterEvents>(type: Type, listener: (event: LimiterEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * A permit, or undefined when there is no room or somebody waits already. Never waits, and never counts as a refusal.
   *
   * @throws TypeError or RangeError when the weight is no whole number from 1.
   */
  tryAcquire({ weight = 1 }: Weighted = {}): Permit | undefined {
    checkWeight(weight);
    return this.#semaphore.tryTake(weight) ? new Permit(this.#semaphore, weight) : undefined;
  }

  /**
   * A permit, perhaps after a wait. Release it in a `finally`, or take it with `using`; prefer {@link run} where it fits.
   * Once granted it is the caller's, even if the signal aborts in the same turn.
   *
   * Rejects with the signal's own reason, or with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`).
   */
  acquire(options: AcquireOptions = {}): Promise<Permit> {
    const { weight = 1, timeoutMs = this.#queueTimeoutMs } = options;
    try {
      checkWeight(weight);
      checkTimeout(timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#enter(weight, timeoutMs, options).then(() => new Permit(this.#semaphore, weight));
  }

  /**
   * Does the work when it is admitted: at once, in this very turn, if there is room. The call's signal and deadline end
   * the wait, and are asked again before work that waited begins. Result and error of the work pass through as they are.
   *
   * Rejects like {@link acquire} when the work is not admitted.
   */
  run<T>(work: Work<T>, call: Call = noCall, options?: Weighted): Promise<T> {
    if (options?.weight !== undefined) return this.#runWeighted(work, call, options.weight);
    if (!this.#entersAtOnce(1, call)) return this.#runAfterWait(work, call, 1);
    return this.#begin(work, call, 1);
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      if (!this.#entersAtOnce(1, call)) return this.#runAfterWait(() => next(input, call), call, 1);
      try {
        return this.#follow(next(input, call), 1);
      } catch (error) {
        this.#semaphore.give(1);
        return Promise.reject(error);
      }
    };

  /**
   * Changes the limit and returns at once. Down: work in progress goes on, and nothing is admitted until enough of it has
   * ended. Up: whoever now fits is admitted, in order. 0 pauses. `queueLimit` stays what it was.
   *
   * @throws TypeError or RangeError when the limit is no whole number from 0, nor Infinity.
   */
  resize(limit: number): void {
    const from = this.limit;
    if (checkLimit(limit) === from) return;
    this.#semaphore.resize(limit);
    if (this.#events.has("resized")) this.#events.emit("resized", { from, to: limit });
    this.#refusals.announce();
  }

  /**
   * Stops admitting, for good: whoever waits or comes is refused, with the reason as the error's `cause`. Work in progress
   * goes on; await {@link idle} for its end. A second call changes nothing.
   */
  close(reason?: unknown): void {
    if (this.#semaphore.isClosed) return;
    this.#closedBy = reason;
    this.#semaphore.close(() => this.#refusals.make("closed", { cause: reason }));
    this.#refusals.announce();
    if (this.#measures !== undefined) void this.idle().then(() => this.#measures?.stop());
  }

  /** Resolves the next time that nothing is in use and nobody waits. Does not stop anybody from coming. */
  idle(): Promise<void> {
    return this.#semaphore.idle();
  }

  #runWeighted<T>(work: Work<T>, call: Call, weight: number): Promise<T> {
    try {
      checkWeight(weight);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!this.#entersAtOnce(weight, call)) return this.#runAfterWait(work, call, weight);
    return this.#begin(work, call, weight);
  }

  #runAfterWait<T>(work: Work<T>, call: Call, weight: number): Promise<T> {
    return this.#enter(weight, this.#queueTimeoutMs, call).then(() => {
      const { signal, deadlineAt } = call;
      if (signal?.aborted !== true && !this.#isPast(deadlineAt)) return this.#begin(work, call, weight);
      this.#semaphore.give(weight);
      return signal?.aborted === true ? Promise.reject(signal.reason) : this.#refuse("deadline");
    });
  }

  // The permit is taken by now.
  #begin<T>(work: Work<T>, call: Call, weight: number): Promise<T> {
    try {
      return this.#follow(work(call), weight);
    } catch (error) {
      this.#semaphore.give(weight);
      return Promise.reject(error);
    }
  }

  #follow<T>(result: T | PromiseLike<T>, weight: number): Promise<T> {
    const promise = Promise.resolve(result);
    if (weight === 1) return promise.then(this.#succeeded, this.#failed);
    return promise.then(
      (value) => {
        this.#semaphore.give(weight);
        return value;
      },
      (error: unknown) => {
        this.#semaphore.give(weight);
        throw error;
      },
    );
  }

  // Bound once: the handlers of every call of weight 1.
  readonly #succeeded = <T>(value: T): T => {
    this.#semaphore.give(1);
    return value;
  };

  readonly #failed = (error: unknown): never => {
    this.#semaphore.give(1);
    throw error;
  };

  #entersAtOnce(weight: number, { signal, deadlineAt }: Call): boolean {
    return signal?.aborted !== true && !this.#isPast(deadlineAt) && this.#semaphore.tryTake(weight);
  }

  /** Resolves once the weight is taken. */
  #enter(weight: number, timeoutMs: number, { signal, deadlineAt }: AcquireOptions): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#isPast(deadlineAt)) return this.#refuse("deadline");
    if (this.#semaphore.tryTake(weight)) return Promise.resolve();
    if (this.#semaphore.isClosed) return this.#refuse("closed", { cause: this.#closedBy });
    if (this.#semaphore.isTooHeavy(weight)) return this.#refuse("too-heavy", { weight });
    if (this.#semaphore.waiting >= this.#queueLimit) return this.#refuse("queue-full");
    // The clock is read only if the wait has a time limit of its own, or somebody measures it.
    const since = timeoutMs < Infinity || this.#measures !== undefined ? this.#clock.now() : 0;
    const admitted = this.#semaphore.wait(askOf(weight, timeoutMs, deadlineAt, since), signal);
    this.#refusals.announce();
    return admitted;
  }

  #isPast(deadlineAt: number | undefined): boolean {
    return deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#clock.now();
  }

  #refuse(reason: LimiterRejectionReason, details: RefusalDetails = {}): Promise<never> {
    const error = this.#refusals.make(reason, details);
    this.#refusals.announce();
    return Promise.reject(error);
  }

}
