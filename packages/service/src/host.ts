import { setMaxListeners } from "node:events";
import { Emitter, type Call, type Clock, type Unsubscribe } from "@breakwater/core";
import type { Health } from "@breakwater/health";
import type { ConcurrencyLimiter } from "@breakwater/limiter";
import type { Metrics } from "@breakwater/metrics";
import type { Door } from "./door.ts";
import { ServiceUnavailableError, type UnavailableReason } from "./errors.ts";
import type { OutcomeCounts } from "./measured.ts";
import { checkStopOptions, type CheckedStopOptions, type StopOptions } from "./options.ts";
import type { ResourceReport, ResourceStartReport } from "./resources/resource.ts";
import type { ResourceGraph } from "./resources/resource-graph.ts";
import type { Shedding } from "./shedding.ts";
import { viewsOf, type Pattern } from "./view/patterns.ts";
import { plainObject } from "./view/plain.ts";
import { shownResource, type ServiceView } from "./view/service-view.ts";

/** Where a service is in its life. It goes through it once, from left to right. */
export type ServiceState = "new" | "starting" | "running" | "stopping" | "stopped";

/** Shared with the health, which is asked before there is a host. */
export interface Life {
  state: ServiceState;
}

/** How a start went. */
export interface StartReport {
  readonly durationMs: number;
  /** In the order in which they became ready. */
  readonly resources: readonly ResourceStartReport[];
}

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
  started: StartReport;
  stopping: { readonly inFlight: number };
  stopped: StopReport;
}

/** A snapshot for programs and tests. */
export interface ServiceStats extends OutcomeCounts {
  readonly state: ServiceState;
  /** Not admitted: the queue was full, the wait too long, the service not running. */
  readonly refused: number;
  /** Given up by priority, before admission. Not among the refused. */
  readonly shed: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** What every service has, however many operations. */
export interface HostParts {
  readonly name: string;
  readonly clock: Clock;
  /** The service's own. */
  readonly limiter: ConcurrencyLimiter;
  /** Those of its operations. */
  readonly limiters: readonly ConcurrencyLimiter[];
  readonly life: Life;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly resources: ResourceGraph;
  readonly shedding: Shedding | undefined;
  readonly patterns: readonly (readonly [string, Pattern])[];
  /** Aborted when a stop runs out of patience. */
  readonly abort: AbortController;
}

/**
 * The life of a service: it starts, takes requests, stops.
 *
 * Stopping happens in stages, each bounded: refuse new requests, and say DRAINING to whoever asks for health; let those that were accepted end, the queued ones
 * included, until the grace is over; abort the rest through their signal and refuse the queue; give them a moment to
 * let go; stop the resources, each before those that it depends on. Metrics and health can be read up to the end and after it.
 */
export abstract class Host {
  readonly name: string;
  readonly limiter: ConcurrencyLimiter;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly #parts: HostParts;
  readonly #clock: Clock;
  readonly #life: Life;
  /** All that a stop waits for, and closes. */
  readonly #limiters: readonly ConcurrencyLimiter[];
  readonly #events = new Emitter<ServiceEvents>();
  #startedAt = 0;
  #refusedOutright = 0;
  #starting: Promise<StartReport> | undefined;
  #stopping: Promise<StopReport> | undefined;

  /** @internal Made by `createService`. */
  protected constructor(parts: HostParts) {
    this.name = parts.name;
    this.limiter = parts.limiter;
    this.health = parts.health;
    this.metrics = parts.metrics;
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#life = parts.life;
    this.#limiters = [...new Set([...parts.limiters, parts.limiter])];
    // All requests that bring no signal of their own share this one, and each may listen to it.
    setMaxListeners(0, parts.abort.signal);
  }

  get state(): ServiceState {
    return this.#life.state;
  }

  get stats(): ServiceStats {
    const { shedding } = this.#parts;
    let refused = this.#refusedOutright + (shedding?.late ?? 0);
    let waiting = 0;
    for (const limiter of this.#limiters) {
      refused += limiter.stats.rejected;
      waiting += limiter.waiting;
    }
    return { state: this.#life.state, ...this.outcomes, refused, shed: shedding?.shed ?? 0, inFlight: this.limiter.inUse, waiting };
  }

  on<Type extends keyof ServiceEvents>(type: Type, listener: (event: ServiceEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * Starts the resources, each when those that it depends on are ready, then takes requests. A second call joins the first.
   *
   * Rejects with the error of the resource that failed, after all that had begun were stopped again.
   */
  start(): Promise<StartReport> {
    if (this.#life.state === "stopping" || this.#life.state === "stopped") return Promise.reject(this.#unavailable());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Stops for good. A second call joins the first. Never rejects: what went wrong stands in the report. */
  stop(options: StopOptions = {}): Promise<StopReport> {
    const checked = checkStopOptions(options);
    this.#stopping ??= this.#stop(checked);
    return this.#stopping;
  }

  /** The whole at one moment: plain data for a console or an endpoint of those who run the service. */
  inspect(): ServiceView {
    const { shedding, resources, patterns } = this.#parts;
    const { state, ...requests } = this.stats;
    return {
      name: this.name,
      state,
      uptimeMs: state === "running" ? this.#clock.now() - this.#startedAt : 0,
      health: this.health.report,
      requests: plainObject(requests),
      limiter: plainObject(this.limiter.stats),
      ...(shedding !== undefined && { shedding: plainObject(shedding.stats) }),
      ...this.details(),
      resources: resources.views.map(shownResource),
      patterns: viewsOf(patterns),
    };
  }

  /** How those ended that were admitted. */
  protected abstract get outcomes(): OutcomeCounts;

  /** What the view shows besides. */
  protected abstract details(): Pick<ServiceView, "responseTimes" | "operations">;

  /** Lets a request in, if the service runs. */
  protected enter<In, Out>(door: Door<In, Out>, input: In, call: Call): Promise<Out> {
    return this.#life.state === "running" ? door.enter(input, call, this.#clock.now()) : this.#refuse();
  }

  async #start(): Promise<StartReport> {
    const { resources, abort, shedding } = this.#parts;
    const startedAt = this.#clock.now();
    this.#life.state = "starting";
    let started: readonly ResourceStartReport[];
    try {
      started = await resources.start(abort.signal);
    } catch (error) {
      // Unless a stop is under way, which says itself when it is done.
      if (this.#stopping === undefined) this.#life.state = "stopped";
      throw error;
    }
    // A stop may have come between the last resource's start and this line; it takes everything down itself.
    abort.signal.throwIfAborted();
    this.#life.state = "running";
    this.#startedAt = this.#clock.now();
    shedding?.start();
    this.health.start();
    const report = { durationMs: this.#startedAt - startedAt, resources: started };
    this.#events.emit("started", report);
    return report;
  }

  async #stop({ graceMs, abortMs }: CheckedStopOptions): Promise<StopReport> {
    const { resources: graph, abort, shedding } = this.#parts;
    const startedAt = this.#clock.now();
    const wasRunning = this.#life.state === "running";
    this.#life.state = "stopping";
    this.health.drain();
    this.#events.emit("stopping", { inFlight: this.limiter.inUse });
    const isDrained = wasRunning ? await this.#isIdleWithin(graceMs) : true;
    const aborted = this.limiter.inUse;
    for (const limiter of this.#limiters) limiter.close();
    abort.abort(new ServiceUnavailableError(this.name, "stopping"));
    if (!isDrained) await this.#isIdleWithin(abortMs);
    // A start in progress sees the aborted signal, stops what it had started, and rejects to whoever awaits it.
    await this.#starting?.catch(() => undefined);
    shedding?.stop();
    this.health.stop();
    const resources = await graph.stop();
    this.#life.state = "stopped";
    const report = { isDrained, aborted, durationMs: this.#clock.now() - startedAt, resources };
    this.#events.emit("stopped", report);
    return report;
  }

  // Whoever waits for its operation's turn holds no place of the service's, so all limiters have a say. Nobody new comes.
  #isIdleWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(() => resolve(false), limitMs);
      void Promise.all(this.#limiters.map((limiter) => limiter.idle())).then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  #refuse(): Promise<never> {
    this.#refusedOutright += 1;
    return Promise.reject(this.#unavailable());
  }

  #unavailable(): ServiceUnavailableError {
    const { state } = this.#life;
    const reason: UnavailableReason = state === "stopping" || state === "stopped" ? state : "not-started";
    return new ServiceUnavailableError(this.name, reason);
  }
}
