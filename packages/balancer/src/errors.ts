import { RejectedError } from "@breakwater/core";

/** There is no endpoint to choose: the list is empty. One that has only ejected endpoints still gives one. */
export class NoEndpointError extends RejectedError {
  declare readonly code: "ERR_NO_ENDPOINT";
  declare readonly reason: "no-endpoint";

  static {
    this.prototype.name = "NoEndpointError";
  }

  constructor(source?: string) {
    super("ERR_NO_ENDPOINT", `${source === undefined ? "balancer" : `balancer ${source}`} has no endpoint`, { reason: "no-endpoint", source });
  }
}
