import type { WorkerExit } from "./member.ts";

/** Workers end faster than they may be replaced, and none is left. */
export class WorkersFailedError extends Error {
  override readonly name = "WorkersFailedError";
  readonly code = "ERR_WORKERS_FAILED";
  /** The last of those that ended. */
  readonly exit: WorkerExit;

  constructor(name: string, exit: WorkerExit) {
    const how = exit.signal === null ? `with the exit code ${exit.code ?? "of no process"}` : `by ${exit.signal}`;
    const when = exit.wasReady ? "" : " before it was ready";
    super(`${name}: none is left, and no more may be started for now; the last one ended ${how}${when}`);
    this.exit = exit;
  }
}

/** They are not running: not started yet, or on their way out. */
export class WorkersNotRunningError extends Error {
  override readonly name = "WorkersNotRunningError";
  readonly code = "ERR_WORKERS_NOT_RUNNING";

  constructor(name: string, state: string) {
    super(`${name} cannot do this: they are ${state}`);
  }
}
