import {
  describeLayer,
  noCall,
  outcomeOfError,
  type Call,
  type LayerDescription,
  type Service,
  type Work,
  type ResultGuard,
} from "@breakwater/core";
import type { Admission } from "./circuit/admission.ts";
import { verdictOf } from "./classify.ts";
import { rescue, type Fallback } from "./fallback.ts";
import type { Gate } from "./gate.ts";
import { BreakerPermit } from "./permit.ts";
import type { RunResult } from "./run-result.ts";

/**
 * The ways to call something through a gate.
 *
 * A call that is let in costs one derived promise; a closure only when it has a signal or `classify` was given. The two
 * functions that follow a promise are bound once for all calls of an admission, not for each.
 */
export abstract class Guarded<Result = unknown, G extends Gate = Gate> {
  /** @internal */
  protected readonly gate: G;

  /** @internal */
  constructor(gate: G) {
    this.gate = gate;
  }

  /** @internal What {@link layer} says of itself. */
  protected abstract get description(): LayerDescription;

  /**
   * Leave to make one call, or undefined when it is refused. Never throws. For streams, callbacks and whatever else is no
   * promise; prefer {@link run} where it fits.
   */
  tryAcquire(): BreakerPermit | undefined {
    const admission = this.gate.admit();
    if (admission.isAdmitted) return new BreakerPermit(this.gate, admission);
    this.gate.turnAway(admission);
    return undefined;
  }

  /**
   * Does the work if it is let in, and learns from how it went. Value and error pass through as they are. Rejects with the
   * refusal if not; the work is not started then.
   */
  run<T extends Result>(work: Work<T>, call: Call = noCall): Promise<T> {
    const admission = this.gate.admit();
    return admission.isAdmitted ? this.#start(admission, work, call) : Promise.reject(this.gate.refuse(admission));
  }

  /**
   * {@link run}, and where that rejects, what the fallback makes of the error: the refusal, or the work's own. Not when the
   * caller went away: that rejects as it did. An error of the fallback's passes through, with the first one as its `cause` if
   * it has none of its own.
   */
  async runOr<T extends Result, U>(work: Work<T>, fallback: Fallback<U>, call: Call = noCall): Promise<T | U> {
    try {
      return await this.run(work, call);
    } catch (error) {
      if (call.signal?.aborted === true) throw error;
      return rescue(fallback, error, call);
    }
  }

  /** {@link run}, telling what happened instead of throwing. A refusal costs no error object. Never rejects. */
  async tryRun<T extends Result>(work: Work<T>, call: Call = noCall): Promise<RunResult<T>> {
    const admission = this.gate.admit();
    if (!admission.isAdmitted) {
      this.gate.turnAway(admission);
      const { reason, retryAfterMs, cause } = admission;
      return { status: "refused", reason, retryAfterMs, cause };
    }
    try {
      return { status: "succeeded", value: await this.#start(admission, work, call) };
    } catch (error) {
      return { status: "failed", error };
    }
  }

  /** {@link run} as a layer. A service that is called without a call hands on an empty one. */
  get layer(): ResultGuard<Result> {
    // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
    const layer = <In, Out, C extends Call>(next: Service<In, Out, C>) => (input: In, call: C = noCall as C): Promise<Out> => {
      const admission = this.gate.admit();
      if (!admission.isAdmitted) return Promise.reject(this.gate.refuse(admission));
      try {
        return this.#follow(admission, next(input, call), call);
      } catch (error) {
        this.#learn(admission, error, call);
        return Promise.reject(error);
      }
    };
    return describeLayer(layer, this.description);
  }

  /**
   * The same function, guarded: parameters, `this` and result type stay, type parameters too. `callOf` finds the call in the
   * arguments, e.g. the signal that ends it; without it nobody can tell the caller's abort from a failure.
   */
  wrap<This, Args extends unknown[], T extends Result>(
    fn: (this: This, ...args: Args) => T | PromiseLike<T>,
    callOf?: NoInfer<(...args: Args) => Call | undefined>,
  ): (this: This, ...args: Args) => Promise<T> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- two of them meet here: the guard, and the wrapped function's
    const guard = this;
    return function (this: This, ...args: Args): Promise<T> {
      // In the promise, not out of it: callOf is foreign code.
      if (callOf === undefined) return guard.run(() => fn.apply(this, args));
      try {
        return guard.run(() => fn.apply(this, args), callOf(...args));
      } catch (error) {
        return Promise.reject(error);
      }
    };
  }

  #start<T>(admission: Admission, work: Work<T>, call: Call): Promise<T> {
    try {
      return this.#follow(admission, work(call), call);
    } catch (error) {
      this.#learn(admission, error, call);
      return Promise.reject(error);
    }
  }

  #follow<T>(admission: Admission, result: T | PromiseLike<T>, call: Call): Promise<T> {
    // A native promise is followed as it is; anything else costs one more hop.
    const promise = result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
    // It answers with the value that it is given, which the handlers of all calls cannot say. Unbound when there is a classify.
    const pass = admission.succeeded as ((value: T) => T) | undefined;
    if (pass !== undefined && call.signal === undefined) return promise.then(pass, admission.failed);
    return this.#followSlowly(admission, promise, call);
  }

  #followSlowly<T>(admission: Admission, promise: Promise<T>, call: Call): Promise<T> {
    if (this.gate.classify !== undefined) return this.#followClassified(admission, promise, call);
    if (admission.succeeded === undefined) this.#bind(admission);
    const pass = admission.succeeded as (value: T) => T; // as above
    if (call.signal === undefined) return promise.then(pass, admission.failed);
    // Whether the caller has gone away is asked of the caller's own signal.
    return promise.then(pass, (error: unknown) => {
      this.#learn(admission, error, call);
      throw error;
    });
  }

  #followClassified<T>(admission: Admission, promise: Promise<T>, call: Call): Promise<T> {
    return promise.then(
      (value) => {
        this.#learnFrom(admission, { status: "fulfilled", value }, call);
        return value;
      },
      (error: unknown) => {
        this.#learn(admission, error, call);
        throw error;
      },
    );
  }

  #learn(admission: Admission, error: unknown, call: Call): void {
    if (this.gate.classify !== undefined) this.#learnFrom(admission, { status: "rejected", reason: error }, call);
    else if (outcomeOfError(error, call) === "failure") this.gate.fail(admission, error);
    else this.gate.release(admission);
  }

  #learnFrom(admission: Admission, result: PromiseSettledResult<unknown>, call: Call): void {
    const verdict = verdictOf(this.gate.classify, result, call);
    if (verdict === "success") this.gate.succeed(admission);
    else if (verdict === "neutral") this.gate.release(admission);
    else {
      const error: unknown = result.status === "rejected" ? result.reason : result.value;
      this.gate.fail(admission, error, verdict === "failure" ? undefined : verdict);
    }
  }

  #bind(admission: Admission): void {
    admission.succeeded = (value) => {
      this.gate.succeed(admission);
      return value;
    };
    admission.failed = (error) => {
      this.#learn(admission, error, noCall);
      throw error;
    };
  }
}
