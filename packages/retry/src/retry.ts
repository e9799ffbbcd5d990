import { Deadlines, describeLayer, noCall, widen, type Call, type ResultGuard, type Service, type Unsubscribe } from "@breakwater/core";
import { deposit, type Budget } from "./budget/budget.ts";
import { Execution, type RetryWork, type Shared, type Step } from "./execution.ts";
import type { Ending, RetryEvents, RetryStats } from "./events.ts";
import { giveUpCount } from "./give-ups.ts";
import { readOptions, type RetryOptions } from "./options.ts";
import { RetryLog } from "./retry-log.ts";

/**
 * Does work again that failed, after a wait, as long as it can be of use and the budget allows it.
 *
 * A call that goes well costs one derived promise and one closure, and no reading of the system's clock; with `retryResultIf` two closures.
 * Everything else is made when the first attempt has failed. The waits of all calls stand on one timer.
 *
 * `Result` is what `retryResultIf` can judge: with one for responses the retry takes only work that makes responses.
 */
export class Retry<Result = unknown> {
  readonly #shared: Shared;
  // Beside what is shared with the calls that fail, for the sake of those that do not.
  readonly #log: RetryLog;
  readonly #budget: Budget | undefined;
  readonly #totalMs: number;
  readonly #judgesResults: boolean;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: RetryOptions<Result> = {}) {
    const rules = readOptions(options);
    this.#log = new RetryLog(rules);
    this.#shared = { rules, log: this.#log, deadlines: new Deadlines(rules.clock) };
    this.#budget = rules.budget;
    this.#totalMs = rules.totalMs;
    this.#judgesResults = rules.retryResultIf !== undefined;
  }

  get name(): string | undefined {
    return this.#shared.rules.name;
  }

  get stats(): RetryStats {
    return this.#log.stats;
  }

  /** Listeners cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof RetryEvents>(type: Type, listener: (event: RetryEvents[Type]) => void): Unsubscribe {
    return this.#log.on(type, listener);
  }

  /**
   * Does the work, and again while it fails and may be retried. The last result or error passes through as it is. Rejects with the signal's
   * own reason when the caller has gone away before the first attempt or goes away between two; an attempt that runs is waited for.
   */
  run<T extends Result>(work: RetryWork<T>, call: Call = noCall): Promise<T> {
    return this.#start<RetryWork<T>, T>(perform, work, call);
  }

  /** {@link run} as a layer. A service that is called without a call hands on an empty one. */
  get layer(): ResultGuard<Result> {
    const layer = <In, Out extends Result, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> => {
      // It gets the call that came in, or a copy with another deadline.
      const step: Step<In, Out> = (input, call) => next(input, call as C);
      // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
      return (input, call = noCall as C) => this.#start(step, input, call);
    };
    return describeLayer(layer, { kind: "retry", name: this.name });
  }

  /**
   * The same function, retried: parameters, `this` and result type stay, type parameters too. `callOf` finds the call in the arguments, e.g.
   * the signal that ends it; without it nobody can tell the caller's abort from a failure.
   */
  wrap<This, Args extends unknown[], T extends Result>(
    fn: (this: This, ...args: Args) => T | PromiseLike<T>,
    callOf?: NoInfer<(...args: Args) => Call | undefined>,
  ): (this: This, ...args: Args) => Promise<T> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- two of them meet here: the retry, and the wrapped function's
    const retry = this;
    return function (this: This, ...args: Args): Promise<T> {
      // In the promise, not out of it: callOf is foreign code.
      try {
        return retry.run(() => fn.apply(this, args), callOf?.(...args));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }

  // `run` and `layer` are one path: what is done again is a function made once, for all calls, and the input that it gets. So a call that
  // goes well makes no function but the one that waits for its failure.
  #start<In, T>(step: Step<In, T>, input: In, call: Call): Promise<T> {
    if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
    this.#log.began();
    if (this.#budget !== undefined) deposit(this.#budget);
    const inner = this.#totalMs === Infinity ? call : this.#shrink(call);
    const since = giveUpCount();
    const fail = (error: unknown): T | Promise<T> => this.#settle({ status: "failed", error }, step, input, inner, since);
    try {
      const result = step(input, inner, 1);
      // A native promise is followed as it is; anything else costs one more hop.
      const promise = result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
      if (!this.#judgesResults) return promise.then(undefined, fail);
      return promise.then((value) => this.#settle({ status: "succeeded", value }, step, input, inner, since), fail);
    } catch (error) {
      // The work threw, or what it answered: a promise may be of a class with a `then` of its own.
      return Promise.reject<T>(error).then(undefined, fail);
    }
  }

  #settle<In, T>(ending: Ending, step: Step<In, T>, input: In, call: Call, since: number): T | Promise<T> {
    return new Execution(this.#shared, step, input, call, since).settle(ending);
  }

  #shrink(call: Call): Call {
    const endsAt = this.#shared.rules.clock.now() + this.#totalMs;
    return endsAt < (call.deadlineAt ?? Infinity) ? widen(call, { deadlineAt: endsAt }) : call;
  }
}

function perform<T>(work: RetryWork<T>, call: Call, attempt: number): T | PromiseLike<T> {
  return work(call, attempt);
}

/** `new Retry(options).layer`, for a stack that needs neither its events nor its stats. */
export function retry<Result = unknown>(options: RetryOptions<Result> = {}): ResultGuard<Result> {
  return new Retry(options).layer;
}
