import cluster, { type ClusterSettings } from "node:cluster";
import { ClusterMetrics, type ClusterMetricsOptions } from "@breakwater/metrics/cluster";
import { Fleet } from "./fleet.ts";
import { readFleetOptions, type FleetOptions } from "./options.ts";
import { forkOf } from "./worker-process.ts";

export interface WorkerClusterOptions extends FleetOptions {
  /** What a worker runs, as `cluster.setupPrimary` takes it: `exec`, `args`, `execArgv`, `cwd`. Default: this very program. */
  readonly settings?: ClusterSettings | undefined;
  /** Further variables of the workers' environment. Default none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Of the merged metrics. */
  readonly metrics?: ClusterMetricsOptions | undefined;
}

/**
 * The workers of this process, which is their primary: as many as there should be, replaced when they crash, restarted one by one,
 * stopped together, and measured as one. Each worker says by `runWorker` that it is ready.
 */
export class WorkerCluster extends Fleet {
  /** What all workers publish, merged: `await cluster.metrics.snapshot()` is what a scrape shows. */
  readonly metrics: ClusterMetrics;

  /** @throws TypeError or RangeError naming the option and the value; Error in a worker, which has no workers of its own. */
  constructor(options: WorkerClusterOptions = {}) {
    if (!cluster.isPrimary) throw new Error("a worker has no workers of its own: make a WorkerCluster where cluster.isPrimary is true");
    const { settings, env, clock } = options;
    const checked = readFleetOptions(options);
    super(checked, forkOf(env, checked.stopTimeoutMs));
    if (settings !== undefined) cluster.setupPrimary({ ...settings });
    this.metrics = new ClusterMetrics({ clock, ...options.metrics });
  }
}
