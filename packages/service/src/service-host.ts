import { setMaxListeners } from "node:events";
import { Emitter, LinkedAbort, noCall, widen, type Call, type Clock, type Service, type Unsubscribe } from "@breakwater/core";
import type { Health } from "@breakwater/health";
import type { ConcurrencyLimiter } from "@breakwater/limiter";
import type { Metrics } from "@breakwater/metrics";
import { ServiceUnavailableError, type UnavailableReason } from "./errors.ts";
import type { ArrivingCall, Measured, ResponseTimes } from "./measured.ts";
import type { ResourceChain, ResourceReport } from "./resource.ts";
import { checkStopOptions, type CheckedStopOptions, type StopOptions } from "./options.ts";

/** Where a service is in its life. It goes through it once, from left to right. */
export type ServiceState = "new" | "starting" | "running" | "stopping" | "stopped";

/** How a stop went. */
export interface StopReport {
  /** Whether all work had ended by itself within the grace. */
  readonly isDrained: boolean;
  /** Requests still in work when the grace was over: their signals were aborted. */
  readonly aborted: number;
  readonly durationMs: number;
  /** In the order in which they stopped. */
  readonly resources: readonly ResourceReport[];
}

export interface ServiceEvents {
  started: { readonly durationMs: number };
  stopping: { readonly inFlight: number };
  stopped: StopReport;
}

/** A snapshot for programs and tests. */
export interface ServiceStats {
  readonly state: ServiceState;
  /** Admitted and answered well. */
  readonly succeeded: number;
  /** Admitted and failed. */
  readonly failed: number;
  /** Admitted and ended without a verdict: the caller went away or had no business here. */
  readonly neutral: number;
  /** Not admitted: the queue was full, the wait too long, the service not running. */
  readonly refused: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** What `createService` assembled. */
export interface ServiceParts<In, Out> {
  readonly name: string;
  readonly clock: Clock;
  readonly limiter: ConcurrencyLimiter;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly measured: Measured;
  readonly resources: ResourceChain;
  /** Admission, measurement, middleware and handler, in this order. */
  readonly entry: Service<In, Out, ArrivingCall>;
  /** Aborted when a stop runs out of patience. */
  readonly abort: AbortController;
}

/**
 * A composed service: starts, takes requests, stops.
 *
 * Stopping happens in stages, each bounded: refuse new requests, and say DRAINING to whoever asks for health; let those that were accepted end, the queued ones
 * included, until the grace is over; abort the rest through their signal and refuse the queue; give them a moment to
 * let go; stop the resources, last started first. Metrics and health can be read up to the end and after it.
 */
export class ServiceHost<In, Out> {
  readonly name: string;
  readonly limiter: ConcurrencyLimiter;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly #clock: Clock;
  readonly #measured: Measured;
  readonly #resources: ResourceChain;
  readonly #entry: Service<In, Out, ArrivingCall>;
  readonly #events = new Emitter<ServiceEvents>();
  readonly #abort: AbortController;
  #state: ServiceState = "new";
  #refusedOutright = 0;
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;

  /** @internal Made by `createService`. */
  constructor(parts: ServiceParts<In, Out>) {
    this.name = parts.name;
    this.limiter = parts.limiter;
    this.health = parts.health;
    this.metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#measured = parts.measured;
    this.#resources = parts.resources;
    this.#entry = parts.entry;
    this.#abort = parts.abort;
    // All requests that bring no signal of their own share this one, and each may listen to it.
    setMaxListeners(0, this.#abort.signal);
  }

  get state(): ServiceState {
    return this.#state;
  }

  get stats(): ServiceStats {
    const { inUse, waiting, rejected } = this.limiter.stats;
    return {
      state: this.#state,
      succeeded: this.#measured.count("success"),
      failed: this.#measured.count("failure"),
      neutral: this.#measured.count("neutral"),
      refused: this.#refusedOutright + rejected,
      inFlight: inUse,
      waiting,
    };
  }

  /** How long requests took, failures included, refusals and neutral ones not. */
  get responseTimes(): ResponseTimes {
    return this.#measured.responseTimes;
  }

  on<Type extends keyof ServiceEvents>(type: Type, listener: (event: ServiceEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * Serves one request: admission, middleware, handler.
   *
   * Rejects with the handler's own error, the caller's own abort reason, or a RejectedError: of the limiter when the
   * service is full, of a layer that refused, `ERR_SERVICE_UNAVAILABLE` when it is not running.
   */
  process(input: In, call: Call = noCall): Promise<Out> {
    if (this.#state !== "running") return this.#refuse();
    const receivedAt = this.#clock.now();
    if (call === noCall) return this.#entry(input, { signal: undefined, receivedAt });
    if (call.signal === undefined) return this.#entry(input, widen(call, { signal: undefined, receivedAt }));
    const link = new LinkedAbort(call.signal, this.#abort.signal);
    return this.#entry(input, widen(call, { signal: link.signal, receivedAt })).finally(link.release);
  }

  /**
   * Starts the resources in order, then takes requests. A second call joins the first.
   *
   * Rejects with the error of the resource that failed, after those before it were stopped again.
   */
  start(): Promise<void> {
    if (this.#state === "stopping" || this.#state === "stopped") return this.#refuse();
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Stops for good. A second call joins the first. Never rejects: what went wrong stands in the report. */
  stop(options: StopOptions = {}): Promise<StopReport> {
    const checked = checkStopOptions(options);
    this.#stopping ??= this.#stop(checked);
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const startedAt = this.#clock.now();
    this.#state = "starting";
    try {
      await this.#resources.start(this.#abort.signal);
    } catch (error) {
      // Unless a stop is under way, which says itself when it is done.
      if (this.#stopping === undefined) this.#state = "stopped";
      throw error;
    }
    // A stop may have come between the last resource's start and this line; it takes everything down itself.
    this.#abort.signal.throwIfAborted();
    this.#state = "running";
    this.health.start();
    this.#events.emit("started", { durationMs: this.#clock.now() - startedAt });
  }

  async #stop({ graceMs, abortMs }: CheckedStopOptions): Promise<StopReport> {
    const startedAt = this.#clock.now();
    const wasRunning = this.#state === "running";
    this.#state = "stopping";
    this.health.drain();
    this.#events.emit("stopping", { inFlight: this.limiter.stats.inUse });
    const isDrained = wasRunning ? await this.#isIdleWithin(graceMs) : true;
    const aborted = this.limiter.stats.inUse;
    this.limiter.close();
    this.#abort.abort(new ServiceUnavailableError(this.name, "stopping"));
    if (!isDrained) await this.#isIdleWithin(abortMs);
    // A start in progress sees the aborted signal, stops what it had started, and rejects to whoever awaits it.
    await this.#starting?.catch(() => undefined);
    this.health.stop();
    const resources = await this.#resources.stop();
    this.#state = "stopped";
    const report = { isDrained, aborted, durationMs: this.#clock.now() - startedAt, resources };
    this.#events.emit("stopped", report);
    return report;
  }

  #isIdleWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(() => resolve(false), limitMs);
      void this.limiter.idle().then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  #refuse(): Promise<never> {
    this.#refusedOutright += 1;
    const reason: UnavailableReason =
      this.#state === "stopping" || this.#state === "stopped" ? this.#state : "not-started";
    return Promise.reject(new ServiceUnavailableError(this.name, reason));
  }
}
