import type { Call } from "@breakwater/core";
import type { Dispatcher } from "undici";
import type { Outbound } from "../client/answer.ts";
import { isIdempotent } from "../client/idempotent.ts";
import type { Arrival, Attempt } from "./attempt.ts";
import { hasField, lasting, withFields } from "./headers.ts";

/** What else than undici's a request's options can carry. */
export interface CarriesCall {
  /** Its signal and deadline hold for the request, and its `trace` goes out. */
  readonly call?: Call | undefined;
}

/** Told of what comes before the answer. */
export interface Announced {
  /** An attempt is on its way. */
  started(context: unknown): void;
  /** A status below 200. */
  informed(attempt: number, headers: Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2], message: string | undefined): void;
}

/** One request as the caller gave it, looked at once; nothing of it is used up by sending it. */
export class Dispatching implements Outbound<Arrival> {
  readonly origin: string;
  readonly isRepeatable: boolean;
  readonly announced: Announced;
  latest: Arrival | undefined = undefined;
  tried: Set<string> | undefined = undefined;
  /** What undici said of the latest attempt: false where its queue is full. */
  isAccepted = true;
  readonly #dispatch: Dispatcher.Dispatch;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #headers: ReturnType<typeof lasting>;

  constructor(dispatch: Dispatcher.Dispatch, options: Dispatcher.DispatchOptions, announced: Announced) {
    const { origin, method, body, idempotent } = options;
    const headers = lasting(options.headers ?? null);
    this.#dispatch = dispatch;
    this.#options = options;
    this.#headers = headers;
    this.announced = announced;
    this.origin = originOf(origin);
    this.isRepeatable = isReplayable(body) && (idempotent ?? isIdempotent(String(method).toUpperCase(), () => hasField(headers, "idempotency-key")));
  }

  /** One attempt, which a balancer may send to another address. */
  send(attempt: Attempt, base: URL | undefined, fields: readonly (readonly [string, string])[]): void {
    const headers = withFields(this.#headers, fields);
    const target = base === undefined ? {} : { origin: base.origin, path: base.pathname.replace(/\/$/, "") + this.#options.path };
    this.isAccepted = this.#dispatch({ ...this.#options, ...target, headers }, attempt);
  }

  /** Whether its body has failed by itself, with this error. */
  hasFailedWith(error: unknown): boolean {
    const { body } = this.#options;
    return typeof body === "object" && body !== null && "errored" in body && body.errored === error;
  }
}

// As undici's own functions give it, which spares reading an address at each call; an odd port is never the scheme's own.
const normalOrigin = /^https?:\/\/[a-z0-9.-]+(?::\d{4,5})?$/;

// A client for one origin may leave it out.
function originOf(origin: string | URL | undefined): string {
  if (origin === undefined) return "";
  if (typeof origin === "object") return origin.origin;
  if (normalOrigin.test(origin)) return origin;
  return URL.canParse(origin) ? new URL(origin).origin : origin;
}

// A stream, an iterator and whatever nobody knows is used up by the first attempt.
function isReplayable(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === "string") return true;
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob || isForm(body);
}

// Undici's own class is not the platform's.
function isForm(body: object): boolean {
  return Object.prototype.toString.call(body) === "[object FormData]";
}
