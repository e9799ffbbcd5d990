export { WorkerCluster, type WorkerClusterOptions } from "./cluster/worker-cluster.ts";
export type { Fleet } from "./cluster/fleet.ts";
export type { FleetOptions } from "./cluster/options.ts";
export type { RestartOptions } from "./cluster/restart-plan.ts";
export type {
  FleetEvents,
  FleetHealth,
  FleetStartReport,
  FleetState,
  FleetStats,
  FleetStopReport,
  RollingReport,
  WorkerStats,
} from "./cluster/reports.ts";
export type { WorkerExit, WorkerState, WorkerStopReport } from "./cluster/member.ts";
export { WorkersFailedError, WorkersNotRunningError } from "./cluster/errors.ts";
export { runCluster, type ProcessLike, type RunClusterOptions, type RunClusterReport } from "./cluster/run-cluster.ts";
export { runWorker, type WorkerProgram } from "./cluster/run-worker.ts";
