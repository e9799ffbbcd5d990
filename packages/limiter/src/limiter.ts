import {
  Emitter,
  describeLayer,
  noCall,
  type Call,
  type Clock,
  type Guard,
  type Outcome,
  type Service,
  type Unsubscribe,
  type Work,
} from "@breakwater/core";
import { Entrance } from "./entrance.ts";
import type { LimiterEvents } from "./events.ts";
import { healthOf, type LimiterHealth } from "./health.ts";
import { measuresOf, type Measures } from "./measures.ts";
import { checkTimeout, checkWeight, type AcquireOptions, type RunOptions, type Settings } from "./options.ts";
import { Permit, type PermitOwner, type Start } from "./permit.ts";
import { Relay, WaitingWork, type RelayOwner } from "./relay.ts";
import { Refusals } from "./refusals.ts";
import { Semaphore, type SemaphoreOptions } from "./semaphore.ts";
import type { LimiterStats } from "./stats.ts";
import { WaitingPermit } from "./waiting-permit.ts";

/**
 * What all limiters of concurrency are: one permit API round a semaphore. What is made of a settled call is up to the kind.
 *
 * Prefer {@link run} and {@link layer}, which give back by themselves. Do not ask for a second permit while holding one
 * of the same limiter: when all hold one and wait for another, nobody ever gets it.
 *
 * Uncontended, a call costs one derived promise: no permit, no closure, no reading of a clock.
 */
export abstract class Limiter implements PermitOwner, RelayOwner {
  readonly name: string | undefined;
  protected readonly clock: Clock;
  protected readonly semaphore: Semaphore;
  protected readonly events: Emitter<LimiterEvents> = new Emitter<LimiterEvents>();
  readonly #measures: Measures | undefined;
  readonly #refusals: Refusals;
  readonly #entrance: Entrance;
  readonly #relay: Relay;

  protected constructor(settings: Settings, make: (options: SemaphoreOptions) => Semaphore = (options) => new Semaphore(options)) {
    this.name = settings.name;
    this.clock = settings.clock;
    const queue = settings.queue(settings.clock);
    this.semaphore = make({
      limit: settings.limit,
      queue,
      weighs: settings.queueWeightLimit < Infinity,
      clock: settings.clock,
      refusal: (reason, ask) => this.#refusals.of(ask, reason),
      served: (ask) => this.#measures?.wait.record((this.clock.now() - ask.since) / 1000),
      woken: () => this.#refusals.announce(),
    });
    this.#measures = measuresOf(settings.meter, settings.name, this.semaphore);
    this.#refusals = new Refusals(settings, this.semaphore, this.events, this.#measures);
    this.#entrance = new Entrance(settings, queue, this.semaphore, this.#refusals);
    this.#relay = new Relay(this);
  }

  /** How much may run at a time. */
  get limit(): number {
    return this.semaphore.limit;
  }

  /** Sum of the weights admitted and not given back. */
  get inUse(): number {
    return this.semaphore.inUse;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.semaphore.waiting;
  }

  get stats(): LimiterStats {
    const { limit, inUse, waiting, granted } = this.semaphore;
    return { limit, inUse, waiting, granted, rejected: this.#refusals.count };
  }

  /** What this limiter contributes to the health of what uses it: plain data. */
  get health(): LimiterHealth {
    const isFull = this.inUse >= this.limit && this.#entrance.isFull(1);
    return healthOf(this.stats, this.semaphore.isClosed, isFull, this.name);
  }

  on<Type extends keyof LimiterEvents>(type: Type, listener: (event: LimiterEvents[Type]) => void): Unsubscribe {
    return this.events.on(type, listener);
  }

  /**
   * A permit, or undefined when there is no room or somebody waits already. Never waits, and never counts as a refusal.
   *
   * @throws TypeError or RangeError when the weight is no whole number from 1.
   */
  tryAcquire({ weight = 1 }: RunOptions = {}): Permit | undefined {
    checkWeight(weight);
    return this.semaphore.tryTake(weight) ? new Permit(this, weight, this.starts()) : undefined;
  }

  /**
   * A permit, perhaps after a wait. Release it in a `finally`, or take it with `using`; prefer {@link run} where it fits.
   * Once granted it is the caller's, even if the signal aborts in the same turn.
   *
   * Rejects with the signal's own reason, or with {@link LimiterRejectedError} (`ERR_LIMITER_REJECTED`).
   */
  acquire(options: AcquireOptions = {}): Promise<Permit> {
    const { weight = 1 } = options;
    try {
      checkWeight(weight);
      if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
      if (this.#entrance.atOnce(weight, options)) return Promise.resolve(new Permit(this, weight, this.starts()));
      return this.#entrance.turnAway(weight, options) ?? this.#waitForPermit(weight, options);
    } catch (error) {
      return Promise.reject(error); // a wrong option
    }
  }

  /**
   * Does the work when it is admitted: at once, in this very turn, if there is room. The call's signal and deadline end
   * the wait, and are asked again before work that waited begins. Result and error of the work pass through as they are.
   *
   * Rejects like {@link acquire} when the work is not admitted.
   */
  run<T>(work: Work<T>, call: Call = noCall, options?: RunOptions): Promise<T> {
    if (options !== undefined) return this.#runWith(work, call, options);
    if (!this.#entrance.atOnce(1, call)) return this.#runLater(work, call, 1, noCall);
    return this.#begin(work, call, 1);
  }

  /** {@link run} as a layer: fits round anything. */
  get layer(): Guard {
    return describeLayer(
      <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
      (input, call) => {
        if (!this.#entrance.atOnce(1, call)) return this.#runLater(() => next(input, call), call, 1, noCall);
        const start = this.starts();
        try {
          return this.follow(next(input, call), 1, start, call);
        } catch (error) {
          return this.#throw(error, 1, start, call);
        }
      },
      { kind: "limiter", name: this.name },
    );
  }

  /**
   * Stops admitting, for good: whoever waits or comes is refused, with the reason as the error's `cause`. Work in progress
   * goes on; await {@link idle} for its end. A second call changes nothing.
   */
  close(reason?: unknown): void {
    if (this.semaphore.isClosed) return;
    this.#entrance.close(reason);
    if (this.#measures !== undefined) void this.idle().then(() => this.#measures?.stop());
  }

  /** Resolves the next time that nothing is in use and nobody waits. Does not stop anybody from coming. */
  idle(): Promise<void> {
    return this.semaphore.idle();
  }

  /** @internal A permit comes back. */
  abstract give(weight: number, outcome: Outcome, start: Start | undefined): void;

  /** @internal Called before work begins; what it answers comes back in {@link give}. */
  abstract starts(): Start | undefined;

  /** @internal How an error counts. */
  abstract outcomeOf(error: unknown, call: Call): Outcome;

  /** @internal */
  isTooLate(call: Call): boolean {
    return this.#entrance.isTooLate(call);
  }

  /** @internal */
  tooLate(call: Call): Promise<never> {
    return this.#entrance.tooLate(call);
  }

  /** Gives back when the promise settles, and passes on what it settled to. */
  protected abstract follow<T>(result: T | PromiseLike<T>, weight: number, start: Start | undefined, call: Call): Promise<T>;

  protected changeLimit(limit: number): void {
    const from = this.limit;
    if (limit === from) return;
    this.semaphore.resize(limit);
    if (this.events.has("resized")) this.events.emit("resized", { from, to: limit });
    this.#refusals.announce();
  }

  #runWith<T>(work: Work<T>, call: Call, options: RunOptions): Promise<T> {
    const { weight = 1 } = options;
    try {
      checkWeight(weight);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!this.#entrance.atOnce(weight, call)) return this.#runLater(work, call, weight, options);
    return this.#begin(work, call, weight);
  }

  #runLater<T>(work: Work<T>, call: Call, weight: number, options: AcquireOptions): Promise<T> {
    const { terms } = this.#entrance;
    return (
      this.#entrance.turnAway(weight, call) ??
      new Promise<T>((resolve, reject) => {
        this.#entrance.join(new WaitingWork(this.#relay, terms, { weight, work, call, options }, resolve, reject));
      })
    );
  }

  #waitForPermit(weight: number, options: AcquireOptions): Promise<Permit> {
    return new Promise((resolve, reject) => {
      this.#entrance.join(new WaitingPermit(this, this.#entrance.terms, weight, options, resolve, reject));
    });
  }

  // The permit is taken by now.
  #begin<T>(work: Work<T>, call: Call, weight: number): Promise<T> {
    const start = this.starts();
    try {
      return this.follow(work(call), weight, start, call);
    } catch (error) {
      return this.#throw(error, weight, start, call);
    }
  }

  #throw(error: unknown, weight: number, start: Start | undefined, call: Call): Promise<never> {
    this.give(weight, this.outcomeOf(error, call), start);
    return Promise.reject(error);
  }
}
