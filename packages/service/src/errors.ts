import { RejectedError } from "@breakwater/core";

/** Why a service does not take a request. */
export type UnavailableReason = "not-started" | "stopping" | "stopped";

/** The service is not running: it was not started yet, or it is on its way out. Ask another instance. */
export class ServiceUnavailableError extends RejectedError {
  override readonly name: string = "ServiceUnavailableError";
  declare readonly code: "ERR_SERVICE_UNAVAILABLE";
  declare readonly reason: UnavailableReason;

  constructor(service: string, reason: UnavailableReason) {
    super("ERR_SERVICE_UNAVAILABLE", `${service} is ${describe[reason]}`, { reason, source: service });
  }
}

const describe: Record<UnavailableReason, string> = {
  "not-started": "not started: call start() first",
  stopping: "stopping",
  stopped: "stopped",
};

/** A resource took longer to start or stop than it was given. */
export class ResourceTimeoutError extends Error {
  override readonly name = "ResourceTimeoutError";
  readonly code = "ERR_RESOURCE_TIMEOUT";
  readonly resource: string;
  readonly timeoutMs: number;

  constructor(resource: string, step: "start" | "stop", timeoutMs: number) {
    super(`resource ${resource} did not ${step} within ${timeoutMs} ms`);
    this.resource = resource;
    this.timeoutMs = timeoutMs;
  }
}
