import {
  Emitter,
  noCall,
  outcomeOfError,
  warn,
  type Call,
  type Guard,
  type Outcome,
  type Service,
  type Unsubscribe,
  type Work,
} from "@breakwater/core";
import { Circuit, type Admission, type BreakerState } from "./circuit.ts";
import { BreakerOpenError } from "./errors.ts";
import { readOptions, type BreakerOptions, type Settings } from "./options.ts";
import { BreakerPermit } from "./permit.ts";
import { Tally } from "./tally.ts";

export interface BreakerEvents {
  /** It refuses from now on. `cause` is the failure that was one too many. */
  opened: { readonly cause: unknown; readonly retryAfterMs: number };
  /** The first probe goes. */
  halfOpened: object;
  /** A probe succeeded; all calls go, and counting starts afresh. */
  closed: object;
  /** A call was refused. */
  rejected: { readonly error: BreakerOpenError };
}

/** A snapshot for programs and tests. The counts are since the breaker was made. */
export interface BreakerStats {
  readonly state: BreakerState;
  readonly successes: number;
  readonly failures: number;
  readonly neutrals: number;
  readonly rejections: number;
  /** How often it opened. */
  readonly openings: number;
}

/** The numbers of the gauge `breakwater.breaker.state`. */
const stateNumber: Record<BreakerState, number> = { closed: 0, "half-open": 1, open: 2 };

/**
 * Stops asking a dependency that keeps failing, and asks again, one call at a time, after a break.
 *
 * It has no timer: it turns half-open when a caller comes after the break. While it is closed a call costs one derived
 * promise, and no reading of a clock.
 */
export class Breaker {
  readonly name: string | undefined;
  readonly #settings: Settings;
  readonly #circuit: Circuit;
  readonly #tally: Tally;
  readonly #events = new Emitter<BreakerEvents>();
  // The handlers of all calls that one admission let in, bound when the first of them comes.
  #handlers: Handlers | undefined = undefined;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: BreakerOptions = {}) {
    this.#settings = readOptions(options);
    const { name, trip, breakMs, probeTimeoutMs, clock, meter } = this.#settings;
    const attributes = name === undefined ? {} : { name };
    this.name = name;
    this.#tally = new Tally(meter, attributes);
    this.#circuit = new Circuit({ trip, breakMs, probeTimeoutMs, now: () => clock.now(), changed: this.#changed });
    meter.gauge("breakwater.breaker.state", () => stateNumber[this.state], {
      description: "0 closed, 1 half-open, 2 open.",
      attributes,
    });
  }

  /** What a caller would meet now; asking changes nothing. */
  get state(): BreakerState {
    return this.#circuit.state;
  }

  /** How long until a call may go, in ms; 0 when it may now; undefined while a probe is out and nobody can know. */
  get retryAfterMs(): number | undefined {
    return this.#circuit.retryAfterMs;
  }

  get stats(): BreakerStats {
    const { success, failure, neutral, rejected, opened } = this.#tally;
    return {
      state: this.state,
      successes: success,
      failures: failure,
      neutrals: neutral,
      rejections: rejected,
      openings: opened,
    };
  }

  on<Type extends keyof BreakerEvents>(type: Type, listener: (event: BreakerEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * Leave to make one call, or undefined when the breaker refuses. For streams, callbacks and whatever else is no
   * promise; prefer {@link run} where it fits, because a permit that is never settled holds a probe's place until
   * `probeTimeoutMs`.
   */
  tryAcquire(): BreakerPermit | undefined {
    const admission = this.#circuit.admit();
    if (admission !== undefined) return new BreakerPermit((outcome, error) => this.#settle(admission, outcome, error));
    this.#refuse();
    return undefined;
  }

  /**
   * Does the work if the breaker lets it, and learns from how it went. Result and error pass through as they are.
   *
   * Rejects with {@link BreakerOpenError} (`ERR_BREAKER_OPEN`) when it does not.
   */
  run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    const admission = this.#circuit.admit();
    if (admission === undefined) return Promise.reject(this.#refuse());
    try {
      return this.#follow(admission, work(call), call);
    } catch (error) {
      return Promise.reject(this.#failed(admission, error, call));
    }
  }

  /** {@link run} as a layer: fits round anything. */
  readonly layer: Guard =
    <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      const admission = this.#circuit.admit();
      if (admission === undefined) return Promise.reject(this.#refuse());
      try {
        return this.#follow(admission, next(input, call), call);
      } catch (error) {
        return Promise.reject(this.#failed(admission, error, call));
      }
    };

  #follow<T>(admission: Admission, result: T | PromiseLike<T>, call: Call): Promise<T> {
    const promise = result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
    if (this.#settings.classify !== undefined) return this.#followClassified(admission, promise, call);
    const { succeeded, failed } = this.#handlersOf(admission);
    if (call.signal === undefined) return promise.then(succeeded as (value: T) => T, failed);
    // Whether the caller has gone away is asked of the caller's own signal.
    return promise.then(succeeded as (value: T) => T, (error: unknown) => {
      throw this.#failed(admission, error, call);
    });
  }

  #followClassified<T>(admission: Admission, promise: Promise<T>, call: Call): Promise<T> {
    return promise.then(
      (value) => {
        this.#settle(admission, this.#classify({ status: "fulfilled", value }, call), undefined);
        return value;
      },
      (error: unknown) => {
        throw this.#failed(admission, error, call);
      },
    );
  }

  #failed(admission: Admission, error: unknown, call: Call): unknown {
    const outcome =
      this.#settings.classify === undefined
        ? outcomeOfError(error, call)
        : this.#classify({ status: "rejected", reason: error }, call);
    this.#settle(admission, outcome, error);
    return error;
  }

  // A classifier that throws must neither cost the caller the result nor hold the probe's place.
  #classify(result: PromiseSettledResult<unknown>, call: Call): Outcome {
    try {
      return this.#settings.classify?.(result, call) ?? "success";
    } catch (error) {
      warn(error);
      return result.status === "fulfilled" ? "success" : outcomeOfError(result.reason, call);
    }
  }

  #settle(admission: Admission, outcome: Outcome, error: unknown): void {
    this.#tally.count(outcome);
    this.#circuit.settle(admission, outcome, error);
  }

  #handlersOf(admission: Admission): Handlers {
    if (this.#handlers?.admission !== admission) this.#handlers = this.#bind(admission);
    return this.#handlers;
  }

  #bind(admission: Admission): Handlers {
    return {
      admission,
      succeeded: (value) => {
        this.#settle(admission, "success", undefined);
        return value;
      },
      failed: (error) => {
        throw this.#failed(admission, error, noCall);
      },
    };
  }

  #refuse(): BreakerOpenError {
    const retryAfterMs = this.#circuit.retryAfterMs;
    const reason = retryAfterMs === undefined ? "half-open" : "open";
    const error = new BreakerOpenError({ reason, retryAfterMs, source: this.name, cause: this.#circuit.cause });
    this.#tally.count("rejected");
    if (this.#events.has("rejected")) this.#events.emit("rejected", { error });
    return error;
  }

  readonly #changed = (to: BreakerState): void => {
    if (to === "open") {
      this.#tally.countOpening();
      this.#events.emit("opened", { cause: this.#circuit.cause, retryAfterMs: this.#settings.breakMs });
    } else {
      this.#events.emit(to === "closed" ? "closed" : "halfOpened", {});
    }
  };
}

interface Handlers {
  readonly admission: Admission;
  readonly succeeded: (value: unknown) => unknown;
  readonly failed: (error: unknown) => never;
}
