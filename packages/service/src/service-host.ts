import { noCall, type Call } from "@breakwater/core";
import type { Door } from "./door.ts";
import { Host, type HostParts } from "./host.ts";
import type { Measured, OutcomeCounts, ResponseTimes } from "./measured.ts";
import type { ServiceView } from "./view/service-view.ts";
import { windowsOf } from "./view/windows.ts";

/** A composed service with one operation. */
export class ServiceHost<In, Out> extends Host {
  readonly #measured: Measured;
  readonly #door: Door<In, Out>;

  /** @internal Made by `createService`. */
  constructor(parts: HostParts, measured: Measured, door: Door<In, Out>) {
    super(parts);
    this.#measured = measured;
    this.#door = door;
  }

  /** How long requests took, failures included, refusals and neutral ones not. */
  get responseTimes(): ResponseTimes {
    return this.#measured.responseTimes;
  }

  /**
   * Serves one request: shedding, admission, middleware, handler.
   *
   * Rejects with the handler's own error, the caller's own abort reason, or a RejectedError: of the limiter when the
   * service is full, of a layer that refused, `ERR_SERVICE_UNAVAILABLE` when it is not running.
   */
  process(input: In, call: Call = noCall): Promise<Out> {
    return this.enter(this.#door, input, call);
  }

  protected override get outcomes(): OutcomeCounts {
    return this.#measured.counts;
  }

  protected override details(): Pick<ServiceView, "responseTimes"> {
    return { responseTimes: windowsOf(this.responseTimes) };
  }
}
