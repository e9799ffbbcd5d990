import { checkFunction, checkNumber, systemClock, type Call, type Clock } from "@breakwater/core";
import { readTimeoutHeader } from "@breakwater/deadline";
import { ArrivingCall, type SignalOwner } from "./arriving-call.ts";

export interface CallOptions<Request> {
  /** The header that says how many ms the caller still waits, in lower case; false to ignore it. Default `x-request-timeout-ms`. */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * The deadline of every request, in ms from its arrival; a header can shorten it and never extend it. Default Infinity. Calls
   * carry it as `deadlineAt`; a `Deadline` of `@breakwater/deadline` in the stack enforces it.
   */
  readonly timeoutMs?: number | undefined;
  /** Reads the call's priority out of a request. Default: requests have none, since a stranger would choose the best. */
  readonly priorityOf?: ((request: Request) => number | undefined) | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

export type HeaderReader<Request> = (request: Request, name: string) => string | readonly string[] | null | undefined;

/** Makes the calls of one front end. */
export class CallMaker<Request> {
  readonly clock: Clock;
  readonly #header: string | undefined;
  readonly #timeoutMs: number;
  readonly #priorityOf: ((request: Request) => number | undefined) | undefined;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: CallOptions<Request>) {
    const { timeoutHeader = "x-request-timeout-ms", timeoutMs = Infinity, priorityOf, clock = systemClock } = options;
    if (timeoutHeader !== false && typeof timeoutHeader !== "string") {
      throw new TypeError(`timeoutHeader must be a string or false, got ${typeof timeoutHeader}`);
    }
    if (priorityOf !== undefined) checkFunction("priorityOf", priorityOf);
    this.#timeoutMs = checkNumber("timeoutMs", timeoutMs);
    this.#header = timeoutHeader === false ? undefined : timeoutHeader.toLowerCase();
    this.#priorityOf = priorityOf;
    this.clock = clock;
  }

  /**
   * A call whose signal is made when somebody looks.
   *
   * @param header - reads one of the request's headers by its lower-case name
   */
  make(owner: SignalOwner, request: Request, header: HeaderReader<Request>): ArrivingCall {
    return new ArrivingCall(owner, this.#deadlineOf(request, header), this.#priorityOf?.(request));
  }

  /** A call with a signal that is there already. */
  makeWith(signal: AbortSignal, request: Request, header: HeaderReader<Request>): Call {
    return { signal, deadlineAt: this.#deadlineOf(request, header), priority: this.#priorityOf?.(request) };
  }

  /** The tighter of what was asked for and what every request has; undefined when there is none. */
  deadlineAt(askedMs: number | undefined): number | undefined {
    const timeoutMs = Math.min(askedMs ?? Infinity, this.#timeoutMs);
    return timeoutMs === Infinity ? undefined : this.clock.now() + timeoutMs;
  }

  #deadlineOf(request: Request, header: HeaderReader<Request>): number | undefined {
    const asked = this.#header === undefined ? undefined : header(request, this.#header);
    return this.deadlineAt(asked === undefined ? undefined : readTimeoutHeader(asked));
  }
}
