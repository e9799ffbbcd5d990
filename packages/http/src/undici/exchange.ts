import { LinkedAbort, ignoreAbort, listenForAbort, warn, type Call, type Clock, type Timer } from "@breakwater/core";
import { TimeoutError } from "@breakwater/deadline";
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Arrival } from "./attempt.ts";
import type { Sink } from "./body-queue.ts";
import type { Announced } from "./dispatching.ts";

type RawHeaders = Buffer[] | string[] | IncomingHttpHeaders;

/** How long the body may take. */
export interface BodyRules {
  readonly coversBody: boolean;
  readonly clock: Clock;
  readonly name: string | undefined;
}

/**
 * One request, from the caller's side: the controller that his handler gets, once, however many attempts there are.
 *
 * Up to the head an abort goes to the pipeline, which answers it with an error like any other; after that to the one attempt that was
 * taken. The handler is told of one end, and only one, and by then no listener and no timer is left.
 */
export class Exchange implements Dispatcher.DispatchController, Sink, Announced {
  paused = false;
  rawHeaders: RawHeaders | null = null;
  rawTrailers: RawHeaders | null = null;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #rules: BodyRules;
  readonly #link: LinkedAbort;
  /** The same object from the start, which undici's own handlers keep: interceptors inside, such as redirects, add to it later. */
  readonly #context: object = {};
  #arrival: Arrival | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #isOver = false;

  constructor(handler: Dispatcher.DispatchHandler, call: Call | undefined, rules: BodyRules) {
    this.#handler = handler;
    this.#rules = rules;
    this.#link = new LinkedAbort(call?.signal);
  }

  get signal(): AbortSignal {
    return this.#link.signal;
  }

  get aborted(): boolean {
    return this.signal.aborted;
  }

  get reason(): Error | null {
    return this.aborted ? (this.signal.reason as Error) : null; // or whatever was given
  }

  abort(reason: unknown): void {
    if (!this.#isOver) this.#link.abort(reason);
  }

  pause(): void {
    this.paused = true;
    this.#arrival?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#guarded(() => this.#arrival?.flow());
  }

  /** The handler may abort already. */
  begin(): void {
    this.#guarded(() => this.#handler.onRequestStart?.(this, this.#context));
  }

  started(context: unknown): void {
    Object.assign(this.#context, context);
  }

  informed(status: number, headers: IncomingHttpHeaders, message: string | undefined): void {
    if (!this.#isOver && !this.aborted) this.#guarded(() => this.#handler.onResponseStart?.(this, status, headers, message));
  }

  /** The caller gets this answer. */
  answer(arrival: Arrival): void {
    this.#arrival = arrival;
    this.rawHeaders = arrival.rawHeaders ?? null;
    listenForAbort(this.signal, this.#follower);
    this.#limit(arrival);
    this.#guarded(() => {
      this.#handler.onResponseStart?.(this, arrival.status, arrival.headers, arrival.statusMessage);
      arrival.handOver(this);
    });
  }

  data(chunk: Buffer): void {
    this.#handler.onResponseData?.(this, chunk);
  }

  end(trailers: IncomingHttpHeaders): void {
    this.#finish();
    this.rawTrailers = this.#arrival?.rawTrailers ?? null;
    try {
      this.#handler.onResponseEnd?.(this, trailers);
    } catch (error) {
      this.#tell(error); // as undici does
    }
  }

  error(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#tell(error);
  }

  #limit({ deadlineAt, timeoutMs }: Arrival): void {
    const { coversBody, clock, name } = this.#rules;
    if (!coversBody || !(deadlineAt < Infinity)) return;
    this.#timer = clock.setTimer(() => this.abort(new TimeoutError({ timeoutMs, reason: "timeout", source: name })), deadlineAt - clock.now());
  }

  // What a handler throws ends its request, as it does without us.
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.abort(error);
    }
  }

  #tell(error: unknown): void {
    try {
      this.#handler.onResponseError?.(this, error as Error); // or whatever the caller aborted with
    } catch (fault) {
      warn(fault); // there is nobody else to tell
    }
  }

  #finish(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    ignoreAbort(this.signal, this.#follower);
    this.#link.release();
  }

  /** What ends the body before its end. */
  readonly #follower = {
    aborted: (reason: unknown): void => {
      this.#arrival?.stop(reason);
      this.error(reason);
    },
  };
}
