import {
  Emitter,
  noCall,
  outcomeOfError,
  type Call,
  type Guard,
  type Service,
  type Unsubscribe,
  type Work,
} from "@breakwater/core";
import { outcomeOf, type Classify } from "./classify.ts";
import type { BreakerEvents } from "./events.ts";
import { Gate } from "./gate.ts";
import { readOptions, type BreakerOptions } from "./options.ts";
import { BreakerPermit } from "./permit.ts";
import type { Admission, BreakerState, Handlers } from "./state.ts";

/** A snapshot for programs and tests. The counts are since the breaker was made, late results included. */
export interface BreakerStats {
  readonly state: BreakerState;
  readonly successes: number;
  readonly failures: number;
  readonly neutrals: number;
  readonly rejections: number;
  /** How often it opened, failed probes included. */
  readonly openings: number;
}

/**
 * Stops asking a dependency that keeps failing, and asks again, one call at a time, after a break.
 *
 * It has no timer: it turns half-open when a caller comes after the break. While it is closed a call costs one derived
 * promise and no reading of a clock; a closure only when the call has a signal or `classify` was given.
 */
export class Breaker {
  readonly name: string | undefined;
  readonly #classify: Classify | undefined;
  readonly #events = new Emitter<BreakerEvents>();
  readonly #gate: Gate;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: BreakerOptions = {}) {
    const settings = readOptions(options);
    this.name = settings.name;
    this.#classify = settings.classify;
    this.#gate = new Gate(settings, this.#events);
  }

  /**
   * What a caller would meet now. Asking changes nothing: once the break is over it says `half-open`, while the circuit
   * turns, and `halfOpened` is emitted, when a caller comes.
   */
  get state(): BreakerState {
    return this.#gate.circuit.state;
  }

  /** How long until a call may go, in ms; 0 when one may now; undefined while a probe is out and nobody can know. */
  get retryAfterMs(): number | undefined {
    return this.#gate.circuit.retryAfterMs;
  }

  get stats(): BreakerStats {
    const { successes, failures, neutrals, rejections, openings } = this.#gate;
    return { state: this.state, successes, failures, neutrals, rejections, openings };
  }

  /** Listeners see the new state, and cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof BreakerEvents>(type: Type, listener: (event: BreakerEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** Closed and empty, as if new; what is still running does not count. The way out of a `breakMs` of Infinity. */
  reset(): void {
    this.#gate.circuit.reset();
  }

  /**
   * Leave to make one call, or undefined when the breaker refuses. Never throws. For streams, callbacks and whatever else
   * is no promise; prefer {@link run} where it fits, because a permit that nobody settles keeps a probe's place until
   * `probeTimeoutMs` is over.
   */
  tryAcquire(): BreakerPermit | undefined {
    const admission = this.#gate.circuit.admit();
    if (admission.isAdmitted) return new BreakerPermit(this.#gate, admission);
    this.#gate.turnAway(admission);
    return undefined;
  }

  /**
   * Does the work if the breaker lets it, and learns from how it went. Value and error pass through as they are.
   * Rejects with `BreakerOpenError` (`ERR_BREAKER_OPEN`) if not; the work is not started then.
   */
  run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    const admission = this.#gate.circuit.admit();
    if (!admission.isAdmitted) return Promise.reject(this.#gate.refuse(admission));
    try {
      return this.#follow(admission, work(call), call);
    } catch (error) {
      this.#learn(admission, error, call);
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      const admission = this.#gate.circuit.admit();
      if (!admission.isAdmitted) return Promise.reject(this.#gate.refuse(admission));
      try {
        return this.#follow(admission, next(input, call), call);
      } catch (error) {
        this.#learn(admission, error, call);
        return Promise.reject(error);
      }
    };

  #follow<T>(admission: Admission, result: T | PromiseLike<T>, call: Call): Promise<T> {
    // A native promise is followed as it is; anything else costs one more hop.
    const promise = result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
    if (this.#classify !== undefined) return this.#followClassified(admission, promise, call);
    const { succeeded, failed } = admission.handlers ?? this.#bind(admission);
    // It answers with the value that it is given, which the handlers of all calls cannot say.
    const pass = succeeded as (value: T) => T;
    if (call.signal === undefined) return promise.then(pass, failed);
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
    if (this.#classify !== undefined) this.#learnFrom(admission, { status: "rejected", reason: error }, call);
    else if (outcomeOfError(error, call) === "failure") this.#gate.fail(admission, error);
    else this.#gate.release(admission);
  }

  #learnFrom(admission: Admission, result: PromiseSettledResult<unknown>, call: Call): void {
    const outcome = outcomeOf(this.#classify, result, call);
    if (outcome === "success") this.#gate.succeed(admission);
    else if (outcome === "neutral") this.#gate.release(admission);
    else this.#gate.fail(admission, result.status === "rejected" ? result.reason : result.value);
  }

  #bind(admission: Admission): Handlers {
    admission.handlers = {
      succeeded: (value) => {
        this.#gate.succeed(admission);
        return value;
      },
      failed: (error) => {
        this.#learn(admission, error, noCall);
        throw error;
      },
    };
    return admission.handlers;
  }
}
