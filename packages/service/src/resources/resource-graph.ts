import { LinkedAbort, warn, type Clock } from "@breakwater/core";
import { bounded } from "../bounded.ts";
import { ResourceTimeoutError } from "../errors.ts";
import { dependenciesOf, dependentsOf } from "./dependencies.ts";
import {
  checkResource,
  type CheckedResource,
  type Resource,
  type ResourceReport,
  type ResourceStartReport,
  type ResourceState,
} from "./resource.ts";

/** A resource and what became of it. */
interface Node extends CheckedResource {
  state: ResourceState;
  startMs: number | undefined;
  error: unknown;
}

/** How a resource is, for whoever looks. */
export interface ResourceView {
  readonly name: string;
  readonly state: ResourceState;
  readonly dependsOn: readonly string[];
  /** How long its start took. */
  readonly startMs: number | undefined;
  /** Why it failed, or is stuck. */
  readonly error: unknown;
}

/**
 * Starts resources, each when those that it depends on are ready, and stops them the other way round: what uses another must be
 * gone before it. Those that have nothing to do with one another start, and stop, at the same time. Each step is bounded, so one
 * that hangs cannot hold up the rest.
 */
export class ResourceGraph {
  readonly #nodes: readonly Node[];
  readonly #dependencies: readonly (readonly number[])[];
  readonly #dependents: readonly (readonly number[])[];
  readonly #clock: Clock;
  /** Those whose start was called, and whose stop was not. */
  readonly #begun = new Set<Node>();

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(resources: readonly Resource[], clock: Clock) {
    const isList: boolean = Array.isArray(resources);
    if (!isList) throw new TypeError(`resources must be a list, got ${typeof resources}`);
    this.#nodes = resources.map((resource, index) => ({ ...checkResource(resource, index), state: "new", startMs: undefined, error: undefined }));
    this.#dependencies = dependenciesOf(this.#nodes);
    this.#dependents = dependentsOf(this.#dependencies);
    this.#clock = clock;
  }

  get views(): readonly ResourceView[] {
    return this.#nodes.map(({ name, state, startMs, error }, index) => {
      const dependsOn = (this.#dependencies[index] ?? []).flatMap((other) => this.#nodes[other]?.name ?? []);
      return { name, state, dependsOn, startMs, error };
    });
  }

  /** Whether the resource of this name has started, and nobody has begun to stop it. */
  isReady(name: string): boolean {
    return this.#nodes.some((node) => node.name === name && node.state === "started");
  }

  /**
   * Starts all, or none: when one fails, or the signal is aborted, nothing more is started; those that are starting are told by
   * their signal, and have as long to give up as they have to stop; all that had begun are stopped again. The error is that of the resource which failed first, or
   * the signal's reason.
   */
  async start(signal: AbortSignal): Promise<readonly ResourceStartReport[]> {
    const reports: ResourceStartReport[] = [];
    const link = new LinkedAbort(signal);
    let failure: { readonly error: unknown } | undefined;
    await inOrder(this.#dependencies, async (index) => {
      const node = this.#nodes[index];
      if (node === undefined || link.signal.aborted) return;
      try {
        reports.push(await this.#startOne(node, link.signal));
      } catch (error) {
        // What comes after the first is mostly its echo: the others were told to give up.
        if (failure === undefined) failure = { error };
        else if (!isEcho(error, link.signal.reason)) warn(error);
        link.abort(error);
      }
    });
    link.release();
    if (failure === undefined && !signal.aborted) return reports;
    for (const report of await this.stop()) if (report.error !== undefined) warn(report.error);
    throw failure === undefined ? signal.reason : failure.error;
  }

  /** Stops what was started. Never rejects: what went wrong stands in the reports, which are in the order of the ends. */
  async stop(): Promise<readonly ResourceReport[]> {
    const reports: ResourceReport[] = [];
    await inOrder(this.#dependents, async (index) => {
      const node = this.#nodes[index];
      if (node !== undefined && this.#begun.delete(node)) reports.push(await this.#stopOne(node));
    });
    return reports;
  }

  async #startOne(node: Node, signal: AbortSignal): Promise<ResourceStartReport> {
    const { name, start, stop, startTimeoutMs, stopTimeoutMs } = node;
    const startedAt = this.#clock.now();
    this.#begun.add(node); // before it succeeds: a start that failed half-way has something to stop
    node.state = "starting";
    let isLate = false;
    const late = (reason: unknown): unknown => {
      isLate = true;
      return reason ?? new ResourceTimeoutError(name, "start", startTimeoutMs);
    };
    const work = async (): Promise<void> => {
      await start({ signal });
      // When it was stopped there may have been nothing to stop, and now there is.
      if (isLate) await stop();
    };
    try {
      await bounded(work, { clock: this.#clock, timeoutMs: startTimeoutMs, giveUp: { signal, withinMs: stopTimeoutMs }, late, onLateError: warn });
    } catch (error) {
      node.state = "failed";
      node.error = error;
      throw error;
    }
    const durationMs = (node.startMs = this.#clock.now() - startedAt);
    node.state = "started";
    return { name, durationMs };
  }

  async #stopOne(node: Node): Promise<ResourceReport> {
    const { name, stop, stopTimeoutMs } = node;
    const startedAt = this.#clock.now();
    const hasFailed = node.state === "failed";
    node.state = "stopping";
    const late = (): Error => new ResourceTimeoutError(name, "stop", stopTimeoutMs);
    try {
      await bounded(stop, { clock: this.#clock, timeoutMs: stopTimeoutMs, late, onLateError: warn });
      node.state = hasFailed ? "failed" : "stopped";
      return { name, isStopped: true, durationMs: this.#clock.now() - startedAt };
    } catch (error) {
      node.state = "stuck";
      node.error = error;
      return { name, isStopped: false, durationMs: this.#clock.now() - startedAt, error };
    }
  }
}

function isEcho(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && (error.name === "AbortError" || error.cause === reason));
}

/** Visits each when those are through which it comes after. There is no cycle, or this would never end. */
async function inOrder(after: readonly (readonly number[])[], visit: (index: number) => Promise<void>): Promise<void> {
  const visits = new Map<number, Promise<void>>();
  const visited = (index: number): Promise<void> => {
    const known = visits.get(index);
    if (known !== undefined) return known;
    const before = after[index] ?? [];
    const own = Promise.all(before.map(visited)).then(() => visit(index));
    visits.set(index, own);
    return own;
  };
  await Promise.all(after.map((_, index) => visited(index)));
}
