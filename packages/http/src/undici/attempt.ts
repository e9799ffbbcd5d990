import { ignoreAbort, listenForAbort, type AbortListener, type Clock, type Service } from "@breakwater/core";
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { ClientCall, Sending } from "../client/answer.ts";
import { fieldsOf } from "../client/fields.ts";
import { markMistake } from "../client/mistakes.ts";
import type { ClientSettings } from "../client/options.ts";
import { BodyQueue, type Sink } from "./body-queue.ts";
import type { Dispatching } from "./dispatching.ts";
import { isCallersFault } from "./faults.ts";
import type { ResponseHead } from "./response-head.ts";

type Controller = Dispatcher.DispatchController;

/**
 * One dispatch, from undici's side: its handler.
 *
 * How it works, and why. Undici calls back as things come, and does not wait. But whether an answer is handed on, asked for again or
 * let go is decided by promises, a few turns after its head. So with the head the connection is paused, and only whoever takes the
 * answer lets it flow:
 *
 *     waiting ----> held ----> flowing    the caller has it, and pauses and resumes as he likes
 *        |            \
 *        |             ----> over         nobody wants it
 *         ---------------> over           it failed, or was told to stop
 *
 * What comes in spite of the pause, from dispatchers that are no sockets, waits in a queue. What comes when it is over is dropped.
 *
 * To let an answer go: if all of it is here already, which small ones are, it is swallowed, and its connection serves the next
 * request; a server that is full should not have to make new ones for all who asked. Else the connection is closed: waiting for the
 * rest would have no end that anybody knows.
 */
export class Attempt implements Dispatcher.DispatchHandler, AbortListener, ResponseHead {
  status = 0;
  statusMessage: string | undefined = undefined;
  headers: IncomingHttpHeaders = {};
  /** When its time is over, in the clock's ms, and how long that was. */
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  readonly #outgoing: Dispatching;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (arrival: Arrival) => void;
  readonly #reject: (error: unknown) => void;
  #phase: "waiting" | "held" | "flowing" | "over" = "waiting";
  #controller: Controller | undefined = undefined;
  #reason: unknown = undefined;
  #hasEnded = false;
  readonly #body: BodyQueue = new BodyQueue();
  /** It failed after its head, before anybody took it. */
  #failure: { readonly error: unknown } | undefined = undefined;

  constructor(outgoing: Dispatching, call: ClientCall, clock: Clock, resolve: (arrival: Arrival) => void, reject: (error: unknown) => void) {
    this.#outgoing = outgoing;
    this.#signal = call.signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.deadlineAt = call.deadlineAt ?? Number.POSITIVE_INFINITY;
    this.timeoutMs = this.deadlineAt - clock.now();
  }

  get rawHeaders(): Controller["rawHeaders"] {
    return this.#controller?.rawHeaders;
  }

  get rawTrailers(): Controller["rawTrailers"] {
    return this.#controller?.rawTrailers;
  }

  start(send: () => void): void {
    if (this.#signal !== undefined) listenForAbort(this.#signal, this);
    try {
      send();
    } catch (error) {
      this.onResponseError(undefined, error);
    }
  }

  /** @internal Its time is over, another one was quicker, or the caller went away. */
  aborted(reason: unknown): void {
    this.stop(reason);
    this.#reject(reason);
  }

  /** Whoever takes the answer. */
  handOver(sink: Sink): void {
    if (this.#phase !== "held") return; // the sink has stopped it meanwhile
    this.#phase = "flowing";
    this.#body.drain(sink);
    if (this.#failure === undefined) this.flow();
    else this.#fail(this.#failure.error);
  }

  pause(): void {
    this.#controller?.pause();
  }

  /** Hands on what waits, and lets more come, until the sink pauses. */
  flow(): void {
    if (this.#body.drain() && this.#body.sink?.paused === false && this.#phase === "flowing") this.#controller?.resume();
  }

  /** Nobody wants the answer. */
  discard(): void {
    if (this.#phase !== "held") return;
    this.#phase = "over";
    this.#body.clear();
    this.#controller?.resume(); // which hands over at once what has come
    if (!this.#hasEnded) this.#controller?.abort(new Error("nobody wants the rest of this answer"));
  }

  /** Whatever state it is in. Nobody is told. */
  stop(reason: unknown): void {
    this.#leave();
    this.#phase = "over";
    this.#body.clear();
    this.#reason = reason;
    if (!this.#hasEnded) this.#controller?.abort(reason as Error); // or whatever the caller aborted with, which undici passes on
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    // It was told to stop while it stood in undici's own queue. An abort would close the connection, on which nothing of it has gone
    // out yet: in an overload, where many are too late, each would cost one. What is thrown here fails the request alone.
    if (this.#phase === "over") throw this.#reason;
    this.#outgoing.announced.started(context);
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders, statusMessage?: string): void {
    if (this.#phase === "over") controller.abort(this.#reason as Error); // something between has swallowed what was thrown
    if (this.#phase !== "waiting") return;
    if (status < 200) {
      this.#outgoing.announced.informed(status, headers, statusMessage);
      return;
    }
    this.status = status;
    this.headers = headers;
    this.statusMessage = statusMessage;
    this.#phase = "held";
    this.#controller = controller;
    controller.pause();
    this.#leave();
    this.#outgoing.latest = this;
    this.#resolve(this);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#phase !== "over") this.#body.push((sink) => sink.data(chunk));
  }

  onResponseEnd(_controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#hasEnded = true;
    if (this.#phase !== "over") this.#body.push((sink) => sink.end(trailers));
  }

  /** Undici has no controller for an error before the request was sent. */
  onResponseError(_controller: Controller | undefined, error: unknown): void {
    this.#hasEnded = true;
    if (this.#phase === "held") {
      this.#failure = { error };
    } else if (this.#phase === "flowing") {
      this.#fail(error);
    } else if (this.#phase === "waiting") {
      this.#phase = "over";
      this.#leave();
      if (isCallersFault(error) || this.#outgoing.hasFailedWith(error)) markMistake(error);
      this.#reject(error);
    }
  }

  // Also to a sink that has paused: it need not wait for what will not come.
  #fail(error: unknown): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#body.clear();
    this.#body.sink?.error(error);
  }

  #leave(): void {
    if (this.#signal !== undefined) ignoreAbort(this.#signal, this);
  }
}

/** An attempt with its head, for who takes it or lets it go. */
export type Arrival = Pick<
  Attempt,
  keyof ResponseHead | "rawHeaders" | "rawTrailers" | "deadlineAt" | "timeoutMs" | "handOver" | "pause" | "flow" | "discard" | "stop"
>;

/** The innermost service: one dispatch, up to the head. */
export function attemptWith(settings: ClientSettings<ResponseHead>): Service<Sending<Dispatching>, Arrival, ClientCall> {
  return ({ outgoing, base }, call) =>
    new Promise((resolve, reject) => {
      const attempt = new Attempt(outgoing, call, settings.clock, resolve, reject);
      attempt.start(() => outgoing.send(attempt, base, fieldsOf(settings, call)));
    });
}
