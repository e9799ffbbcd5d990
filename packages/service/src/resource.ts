import { checkFunction, checkNumber, warn, type Clock } from "@breakwater/core";
import { bounded } from "./bounded.ts";
import { ResourceTimeoutError } from "./errors.ts";

/** Something that a service needs while it runs: a pool, a client, a consumer. */
export interface Resource {
  readonly name: string;
  /** Resolves when the resource can be used. The signal is aborted when the start is given up. */
  readonly start?: ((context: { readonly signal: AbortSignal }) => unknown) | undefined;
  /** Resolves when nothing of it is left. */
  readonly stop?: (() => unknown) | undefined;
  /** Default 30 000. */
  readonly startTimeoutMs?: number | undefined;
  /** Default 5 000. */
  readonly stopTimeoutMs?: number | undefined;
}

/** A resource, complete and checked. */
export interface CheckedResource {
  readonly name: string;
  readonly start: (context: { readonly signal: AbortSignal }) => unknown;
  readonly stop: () => unknown;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/** How one resource stopped. */
export interface ResourceReport {
  readonly name: string;
  readonly isStopped: boolean;
  readonly durationMs: number;
  /** What its stop threw, or a ResourceTimeoutError. */
  readonly error?: unknown;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function checkResource(resource: Resource, index: number): CheckedResource {
  const { name, start, stop, startTimeoutMs = 30_000, stopTimeoutMs = 5_000 } = resource;
  if (typeof name !== "string" || name === "") throw new TypeError(`resources[${index}].name must be a text`);
  if (start !== undefined) checkFunction(`resources[${index}].start`, start);
  if (stop !== undefined) checkFunction(`resources[${index}].stop`, stop);
  checkNumber(`resources[${index}].startTimeoutMs`, startTimeoutMs);
  checkNumber(`resources[${index}].stopTimeoutMs`, stopTimeoutMs);
  return {
    name,
    // Called on the object itself: a pool is a resource as it stands.
    start: (context) => resource.start?.(context),
    stop: () => resource.stop?.(),
    startTimeoutMs,
    stopTimeoutMs,
  };
}

/**
 * Starts resources one after the other, in the order given, and stops them in reverse: what comes later may use what
 * came before, so it must be gone first. Each step is bounded, so one that hangs cannot hold up the rest.
 */
export class ResourceChain {
  readonly #resources: readonly CheckedResource[];
  readonly #clock: Clock;
  readonly #started: CheckedResource[] = [];

  constructor(resources: readonly Resource[], clock: Clock) {
    this.#resources = resources.map(checkResource);
    this.#clock = clock;
  }

  /**
   * Starts all, or none: when one fails, or the signal is aborted, those that had started are stopped again and the
   * error is the resource's own, or the signal's reason.
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      for (const resource of this.#resources) {
        signal.throwIfAborted();
        this.#started.push(resource); // before it succeeds: a start that failed half-way has something to stop
        await this.#startOne(resource, signal);
      }
      signal.throwIfAborted();
    } catch (error) {
      for (const report of await this.stop()) if (report.error !== undefined) warn(report.error);
      throw error;
    }
  }

  /** Stops what was started, last first. Never rejects: what went wrong stands in the reports. */
  async stop(): Promise<ResourceReport[]> {
    const reports: ResourceReport[] = [];
    for (let resource = this.#started.pop(); resource !== undefined; resource = this.#started.pop()) {
      reports.push(await this.#stopOne(resource));
    }
    return reports;
  }

  #startOne({ name, start, startTimeoutMs }: CheckedResource, signal: AbortSignal): Promise<unknown> {
    const late = (): Error => new ResourceTimeoutError(name, "start", startTimeoutMs);
    return bounded(() => start({ signal }), startTimeoutMs, this.#clock, late, warn);
  }

  async #stopOne({ name, stop, stopTimeoutMs }: CheckedResource): Promise<ResourceReport> {
    const startedAt = this.#clock.now();
    const late = (): Error => new ResourceTimeoutError(name, "stop", stopTimeoutMs);
    try {
      await bounded(stop, stopTimeoutMs, this.#clock, late, warn);
      return { name, isStopped: true, durationMs: this.#clock.now() - startedAt };
    } catch (error) {
      return { name, isStopped: false, durationMs: this.#clock.now() - startedAt, error };
    }
  }
}
