import { checkFunction, type Unsubscribe } from "@breakwater/core";
import type { KeyedBreaker } from "@breakwater/breaker";
import { TimeoutError } from "@breakwater/deadline";
import type { KeyedLimiter } from "@breakwater/limiter";
import { attemptOf, attemptWith, discard } from "./attempt.ts";
import type { ClientEvents, ClientStats } from "./client-log.ts";
import { followBody } from "./followed-body.ts";
import { readClientOptions, type ClientOptions, type ClientSettings } from "./options.ts";
import { Outgoing, type FetchInput, type ResilientInit } from "./outgoing.ts";
import { Pipeline } from "./pipeline.ts";

export interface ResilientFetchOptions extends ClientOptions<Response> {
  /** What sends a request. Default the platform's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * A `fetch` that keeps standing. It resolves and rejects as `fetch` does: a status is no error, and the last response of a call
 * that was given up is returned. Besides it rejects with refusals, which are `RejectedError`s, and with `TimeoutError`.
 */
export interface ResilientFetch {
  (input: FetchInput, init?: ResilientInit): Promise<Response>;
  /** The breakers, one for each origin; undefined where there are none. */
  readonly breaker: KeyedBreaker<Response> | undefined;
  /** The limits, one for each origin; undefined where there are none. */
  readonly limiter: KeyedLimiter | undefined;
  readonly stats: ClientStats;
  /** Listeners cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): Unsubscribe;
}

/** The pipeline up to the headers; then the body goes on to follow the caller's signal. */
class FetchClient {
  readonly pipeline: Pipeline<Outgoing, Response>;
  readonly #settings: ClientSettings<Response>;

  constructor({ fetch: send = platformFetch, ...options }: ResilientFetchOptions) {
    checkFunction("fetch", send);
    this.#settings = readClientOptions(options);
    this.pipeline = new Pipeline(this.#settings, attemptWith(this.#settings, send), discard);
  }

  async fetch(input: FetchInput, init: ResilientInit): Promise<Response> {
    const outgoing = new Outgoing(input, init, this.#settings.balancer !== undefined);
    try {
      return await this.pipeline.send(outgoing, outgoing.call, (response) => this.#handOut(response, outgoing));
    } catch (error) {
      outgoing.release();
      throw error;
    }
  }

  #handOut(response: Response, { call, release }: Outgoing): Response {
    const { coversBody, clock, name } = this.#settings;
    const sent = attemptOf(response);
    if (sent === undefined || (call.signal === undefined && !coversBody)) {
      release();
      return response;
    }
    return followBody(response, {
      link: sent.link,
      signal: call.signal,
      deadlineAt: coversBody ? sent.deadlineAt : Infinity,
      clock,
      timeoutError: () => new TimeoutError({ timeoutMs: sent.timeoutMs, reason: "timeout", source: name }),
      ended: release,
    });
  }
}

/**
 * A `fetch` with deadline, retries, hedges, a breaker and a limit for each origin. Use it wherever a `fetch` is taken.
 *
 * Only what may be done twice is sent twice: GET, HEAD, OPTIONS, PUT, DELETE, TRACE, or a request with an `Idempotency-Key`; never
 * one whose body is a stream.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function resilientFetch(options: ResilientFetchOptions = {}): ResilientFetch {
  const client = new FetchClient(options);
  const { pipeline } = client;
  const send = (input: FetchInput, init?: ResilientInit): Promise<Response> => client.fetch(input, init ?? {}); // which fetch takes null for
  return Object.defineProperties(send, {
    breaker: { value: pipeline.breaker },
    limiter: { value: pipeline.limiter },
    stats: { get: () => pipeline.stats },
    on: { value: pipeline.log.on.bind(pipeline.log) },
  }) as ResilientFetch; // the compiler does not see through property descriptors
}

// Looked up when it is called, so that whoever replaces it is heard.
const platformFetch: typeof fetch = (input, init) => globalThis.fetch(input, init);
