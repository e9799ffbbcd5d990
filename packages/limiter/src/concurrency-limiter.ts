import { Emitter, noCall, noopMeter, type Call, type Guard, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import { explain, LimiterRejectedError, type LimiterRejectionReason } from "./errors.ts";
import { Measures } from "./measures.ts";
import {
  checkAcquire,
  checkLimit,
  checkWeight,
  readOptions,
  type AcquireOptions,
  type ConcurrencyLimiterOptions,
  type Settings,
  type TryAcquireOptions,
} from "./options.ts";
import { Permit } from "./permit.ts";
import { Slots } from "./slots.ts";

export interface LimiterEvents {
  /** A caller was refused. `tryAcquire` refuses nobody: it answers undefined. */
  rejected: { readonly error: LimiterRejectedError };
  resized: { readonly from: number; readonly to: number };
}

/** A snapshot for programs and tests. The counts are since the limiter was made. */
export interface LimiterStats {
  readonly limit: number;
  /** Sum of the weights at work; above `limit` for a while after it was lowered. */
  readonly inUse: number;
  readonly waiting: number;
  readonly granted: number;
  readonly rejected: number;
}

/** Lets only so much run at a time; the rest waits in line, or is refused. */
export class ConcurrencyLimiter {
  readonly name: string | undefined;
  readonly #settings: Settings;
  readonly #slots: Slots;
  readonly #measures: Measures;
  readonly #events = new Emitter<LimiterEvents>();
  #rejected = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: ConcurrencyLimiterOptions) {
    this.#settings = readOptions(options);
    const { name, meter } = this.#settings;
    const measures = new Measures(meter, name, this);
    const waited = meter === noopMeter ? undefined : (ms: number): void => measures.waited.record(Math.max(0, ms) / 1000);
    this.name = name;
    this.#measures = measures;
    this.#slots = new Slots({ ...this.#settings, waited, refuse: (reason, weight) => this.#refusal(reason, weight) });
  }

  get limit(): number {
    return this.#slots.limit;
  }

  /** Sum of the weights at work. */
  get inUse(): number {
    return this.#slots.inUse;
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  get stats(): LimiterStats {
    const { limit, inUse, waiting, granted } = this.#slots;
    return { limit, inUse, waiting, granted, rejected: this.#rejected };
  }

  on<Type extends keyof LimiterEvents>(type: Type, listener: (event: LimiterEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * A permit if one is free and nobody waits for it, else undefined. Never waits.
   *
   * @throws TypeError or RangeError when the weight is not a whole number from 1.
   */
  tryAcquire({ weight = 1 }: TryAcquireOptions = {}): Permit | undefined {
    return this.#slots.admit(checkWeight(weight)) ? new Permit(this.#slots, weight) : undefined;
  }

  /**
   * A permit, as soon as it is this caller's turn. Prefer {@link run}, which cannot forget to release it. Acquiring
   * again while holding a permit of the same limiter can wait for ever.
   *
   * Rejects with the signal's reason when aborted, and with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`).
   */
  acquire(options: AcquireOptions = {}): Promise<Permit> {
    try {
      const { signal, deadlineAt = Infinity, weight } = checkAcquire(options);
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      if (deadlineAt < Infinity && deadlineAt <= this.#settings.clock.now()) throw this.#refusal("deadline", weight);
      if (this.#slots.admit(weight)) return Promise.resolve(new Permit(this.#slots, weight));
      return this.#slots.wait(weight, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Does the work when it is its turn. Result and error pass through as they are. The call's signal and deadline end the
   * wait; the work gets the call and must mind them itself.
   *
   * Rejects as {@link acquire} does when the work was not started.
   */
  run<T>(work: Work<T>, call: Call = noCall, { weight = 1 }: TryAcquireOptions = {}): Promise<T> {
    if (weight !== 1 || !this.#admitCall(call)) return this.#runLater(() => work(call), call, weight);
    try {
      return this.#follow(work(call));
    } catch (error) {
      this.#slots.give(1);
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer, with weight 1: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      if (!this.#admitCall(call)) return this.#runLater(() => next(input, call), call, 1);
      try {
        return this.#follow(next(input, call));
      } catch (error) {
        this.#slots.give(1);
        return Promise.reject(error);
      }
    };

  /**
   * Changes the limit and returns at once. Raising it lets in those who fit now, in order. Lowering it takes nothing
   * from those at work; a waiter whose weight is above the new limit is refused when it reaches the head of the line.
   *
   * @throws TypeError or RangeError when the limit is not a whole number from 0, or Infinity.
   */
  resize(limit: number): void {
    const from = this.#slots.limit;
    this.#slots.resize(checkLimit(limit));
    if (from !== limit && this.#events.has("resized")) this.#events.emit("resized", { from, to: limit });
  }

  /** Admits nobody any more: those who wait are refused, those at work go on. Closing again does nothing. */
  close(): void {
    this.#slots.close();
  }

  /** Resolves when nobody works and nobody waits, which may be now. */
  idle(): Promise<void> {
    return this.#slots.idle();
  }

  // The way in for a call that need not wait: nothing is allocated, and no clock is read unless it has a deadline.
  #admitCall({ signal, deadlineAt }: Call): boolean {
    if (signal?.aborted === true) return false;
    if (deadlineAt !== undefined && deadlineAt <= this.#settings.clock.now()) return false;
    return this.#slots.admit(1);
  }

  async #runLater<T>(work: () => T | PromiseLike<T>, { signal, deadlineAt }: Call, weight: number): Promise<T> {
    const permit = await this.acquire({ signal, deadlineAt, weight });
    try {
      // The caller may have gone away in the turn between the grant and this line.
      signal?.throwIfAborted();
      return await work();
    } finally {
      permit.release();
    }
  }

  #follow<T>(result: T | PromiseLike<T>): Promise<T> {
    const promise = result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
    // The handler returns what it is given, whatever that is.
    return promise.then(this.#succeeded as (value: T) => T, this.#failed);
  }

  readonly #succeeded = (value: unknown): unknown => {
    this.#slots.give(1);
    return value;
  };

  readonly #failed = (error: unknown): never => {
    this.#slots.give(1);
    throw error;
  };

  #refusal(reason: LimiterRejectionReason, weight: number): LimiterRejectedError {
    this.#rejected += 1;
    this.#measures.rejected(reason);
    const error = new LimiterRejectedError(reason, explain(reason, weight, this), this.limit, this.name);
    if (this.#events.has("rejected")) this.#events.emit("rejected", { error });
    return error;
  }
}
