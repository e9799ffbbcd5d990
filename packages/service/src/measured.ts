import { abortLent, listenForAbort, warn, type Attributes, type Call, type Clock, type Counter, type Outcome, type Service } from "@breakwater/core";
import type { Health } from "@breakwater/health";
import type { Permit } from "@breakwater/limiter";
import type { BoundHistogram, HistogramStats, Metrics } from "@breakwater/metrics";
import { begin } from "./begin.ts";
import { Admitted, InWork } from "./in-work.ts";

/** The call as the service hands it inward: it can always be cancelled, and knows when the request arrived. */
export interface ReceivedCall extends Call {
  readonly signal: AbortSignal;
  /** In the clock's milliseconds, before any waiting. */
  readonly receivedAt: number;
}

/**
 * The same before admission. A caller without a signal waits without one, which costs less: a stop that runs out of
 * patience closes the limiter, and that ends all waits. Once admitted it gets the service's own.
 */
export interface ArrivingCall extends Call {
  signal: AbortSignal | undefined;
  readonly receivedAt: number;
  /** Which operation of the service it is for; undefined where there is one alone. */
  readonly operation?: string;
}

export interface MeasuredOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly classify: (error: unknown, call: Call) => Outcome;
  /** What all its series are told apart by. */
  readonly attributes: Attributes;
  /** Hears how long each request waited for its admission, in ms. */
  readonly waited?: ((waitMs: number) => void) | undefined;
  /** Aborted when a stop runs out of patience. */
  readonly stop: AbortSignal;
}

/** How those ended that were admitted. */
export interface OutcomeCounts {
  /** Answered well. */
  readonly succeeded: number;
  readonly failed: number;
  /** Ended without a verdict: the caller went away or had no business here. */
  readonly neutral: number;
}

/** How long requests took, in seconds, since the start and in the metrics' window. */
export interface ResponseTimes {
  /** From admission to the answer. */
  readonly service: HistogramStats;
  /** From arrival to the answer, queueing included. */
  readonly sojourn: HistogramStats;
}

/** How a request was admitted. */
export interface Admittance {
  /** When, in the clock's milliseconds. */
  readonly at: number;
  /** Goes back when the request has settled and is counted. Default: somebody else sees to that. */
  readonly permit?: Permit | undefined;
}

/**
 * Measures what admission let through. Two times are told apart, because their mean alone says which one hurts:
 *
 *     received ---- queue ----> admitted ---- middleware, handler ----> settled
 *     |<----------------------- sojourn: what the client feels ------------->|
 *                               |<------- service time: what the work costs ->|
 *
 * What admission refused is not measured here: it would make an overloaded service look fast, and it says nothing about
 * the health of what does the work.
 */
export class Measured {
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #stop: AbortSignal;
  readonly #waited: ((waitMs: number) => void) | undefined;
  readonly #classify: (error: unknown, call: Call) => Outcome;
  readonly #serviceTime: BoundHistogram;
  readonly #sojournTime: BoundHistogram;
  readonly #requests: Record<Outcome, Counter>;
  readonly #counts: Record<Outcome, number> = { success: 0, failure: 0, neutral: 0 };
  readonly #inWork = new InWork();
  #inFlight = 0;

  constructor({ clock, metrics, health, classify, attributes, waited, stop }: MeasuredOptions) {
    this.#clock = clock;
    this.#health = health;
    this.#stop = stop;
    this.#waited = waited;
    this.#classify = classify;
    const time = (name: string, description: string): BoundHistogram =>
      metrics.histogram(name, { description, unit: "s", attributes });
    this.#serviceTime = time("breakwater.service.duration", "From admission to the answer.");
    this.#sojournTime = time("breakwater.service.sojourn.duration", "From arrival to the answer, queueing included.");
    const requests = (outcome: Outcome): Counter =>
      metrics.counter("breakwater.service.requests", {
        description: "Requests that were admitted, by outcome.",
        unit: "{request}",
        attributes: { ...attributes, outcome },
      });
    this.#requests = { success: requests("success"), failure: requests("failure"), neutral: requests("neutral") };
    listenForAbort(stop, { aborted: (reason) => this.#inWork.abort(reason) });
  }

  /** Admitted, and not settled yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Of those that were admitted. */
  get counts(): OutcomeCounts {
    const { success, failure, neutral } = this.#counts;
    return { succeeded: success, failed: failure, neutral };
  }

  get responseTimes(): ResponseTimes {
    return { service: this.#serviceTime.stats, sojourn: this.#sojournTime.stats };
  }

  /** What is let through was admitted just now. */
  layer<In, Out>(next: Service<In, Out, ReceivedCall>): Service<In, Out, ArrivingCall> {
    return (input, arriving) => this.serve(next, input, arriving, { at: this.#clock.now() });
  }

  serve<In, Out>(next: Service<In, Out, ReceivedCall>, input: In, arriving: ArrivingCall, { at, permit }: Admittance): Promise<Out> {
    this.#waited?.(at - arriving.receivedAt);
    const request = this.#admit(arriving, at);
    const failed = (error: unknown): never => {
      this.#settle(this.#outcomeOf(error, request.call), request, permit);
      throw error;
    };
    return begin(next, input, request.call).then((answer) => {
      this.#settle("success", request, permit);
      return answer;
    }, failed);
  }

  // A classifier is foreign code: whatever it does, the request's own error comes out.
  #outcomeOf(error: unknown, call: Call): Outcome {
    try {
      const outcome: unknown = this.#classify(error, call);
      if (outcome === "success" || outcome === "failure" || outcome === "neutral") return outcome;
      warn(new TypeError(`classify must return "success", "failure" or "neutral", got ${String(outcome)}`));
    } catch (own) {
      warn(own);
    }
    return "failure";
  }

  // Changed in place: the object is the service's own, and nobody further in has seen it.
  #admit(call: ArrivingCall, at: number): Admitted {
    this.#inFlight += 1;
    const isOwn = call.signal === undefined;
    call.signal ??= this.#stop;
    const request = new Admitted(call as ReceivedCall, at); // it has a signal now
    if (!isOwn) this.#inWork.add(request);
    // It got its place just before the stop lost patience, and comes here just after.
    if (this.#stop.aborted) abortLent(request.call.signal, this.#stop.reason);
    return request;
  }

  #settle(outcome: Outcome, request: Admitted, permit: Permit | undefined): void {
    this.#inFlight -= 1;
    this.#inWork.delete(request);
    try {
      this.#count(outcome, request);
    } finally {
      permit?.release();
    }
  }

  #count(outcome: Outcome, { call, at }: Admitted): void {
    const now = this.#clock.now();
    this.#counts[outcome] += 1;
    this.#requests[outcome].add(1);
    this.#health.record(outcome, now);
    if (outcome === "neutral") return;
    this.#serviceTime.record((now - at) / 1000);
    this.#sojournTime.record((now - call.receivedAt) / 1000);
  }
}
