/** The reason of a call's signal: the client closed its connection before it had its answer, so nobody waits for one. */
export class ClientGoneError extends Error {
  readonly code = "ERR_CLIENT_GONE";

  static {
    this.prototype.name = "ClientGoneError";
  }

  constructor() {
    super("the client went away before it had its answer");
  }
}

/** The reason of a call's signal: the server stops, and the time that it left to the calls in flight is over. */
export class ServerStoppingError extends Error {
  readonly code = "ERR_SERVER_STOPPING";

  static {
    this.prototype.name = "ServerStoppingError";
  }

  constructor() {
    super("the server stops, and the grace for calls in flight is over");
  }
}

/** The reason of a call's signal: the client sent word that it does not want the answer any more. */
export class CallCancelledError extends Error {
  readonly code = "ERR_CALL_CANCELLED";

  static {
    this.prototype.name = "CallCancelledError";
  }

  constructor() {
    super("the client cancelled the call");
  }
}
