import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { LazyAbort, type Call, type Clock } from "@breakwater/core";
import { ClientGoneError } from "../../front/abort-reasons.ts";
import { ArrivingCall } from "../../front/arriving-call.ts";
import { StatusError } from "../../front/status-error.ts";

type Decide = (request: IncomingMessage, call: Call) => object | PromiseLike<object>;

/** The time from an upgrade's arrival until it is decided. Node hands its socket over without a listener, so errors of it end up here. */
export class Handshake extends LazyAbort {
  readonly #socket: Duplex;
  #gone: (() => void) | undefined = undefined;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    socket.on("error", this.#failed);
  }

  /**
   * Asks, and waits no longer than may be.
   *
   * @throws what it throws; StatusError when it takes too long; ClientGoneError when the client did not wait; TypeError when its answer
   * cannot be added to calls.
   */
  async decide(decide: Decide, request: IncomingMessage, clock: Clock, timeoutMs: number): Promise<object> {
    const call = new ArrivingCall(this, clock.now() + timeoutMs, undefined);
    const left = new Promise<never>((_, reject) => {
      const give = (reason: unknown): void => {
        reject(reason);
        this.abort(reason);
      };
      const timer = clock.setTimer(() => give(new StatusError(503, "the upgrade took too long", { reason: "upgrade-timeout" })), timeoutMs);
      const onClose = (): void => give(new ClientGoneError());
      this.#socket.once("close", onClose);
      this.#gone = () => {
        timer.cancel();
        this.#socket.off("close", onClose);
      };
    });
    return checkAdds(await Promise.race([decide(request, call), left]));
  }

  /** It is decided. */
  end(): void {
    this.#gone?.();
    this.#socket.off("error", this.#failed);
  }

  readonly #failed = (): void => void this.#socket.destroy();
}

// A call's own: its signal is read where somebody asks for it, and its deadline is the frame's.
function checkAdds(adds: unknown): object {
  if (typeof adds !== "object" || adds === null) throw new TypeError(`upgrade must answer an object, got ${adds === null ? "null" : typeof adds}`);
  for (const own of ["signal", "deadlineAt"]) if (own in adds) throw new TypeError(`upgrade must not answer ${own}, which each call has its own of`);
  return { ...adds };
}
