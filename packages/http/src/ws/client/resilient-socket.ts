import { Emitter, noCall, type Call, type Timer, type Unsubscribe } from "@breakwater/core";
import type { Connection, Disconnection } from "./connection.ts";
import { deferred } from "./deferred.ts";
import { cancelFrame, frameOf, type Reply } from "./frames.ts";
import { Line, type LineOwner } from "./line.ts";
import { Message, type PendingRequest } from "./message.ts";
import type { Waiting } from "./outbox.ts";
import { Outflow } from "./outflow.ts";
import { Requests } from "./requests.ts";
import { SocketLostError, SocketRejectedError } from "./socket-errors.ts";
import type { SocketEnd, SocketEvents, SocketStats } from "./socket-events.ts";
import { checkData, type SocketData } from "./socket-like.ts";
import {
  checkAddress,
  checkCloseOptions,
  readSocketOptions,
  type CheckedCloseOptions,
  type CloseOptions,
  type FreshConnection,
  type RequestOptions,
  type ResilientSocketOptions,
  type SocketAddress,
  type SocketSettings,
} from "./socket-options.ts";

/**
 * How it works, and why.
 *
 * A WebSocket ends with its network, its server, or a proxy in between, and says nothing of what was under way. So here there is
 * one connection after the other, and what outlives them: a queue of what waits to be sent, and the requests without an answer.
 *
 * Nothing is sent before `onOpen` has settled, so that a session or subscriptions are there first.
 *
 * A request ends in exactly one of: its answer; the server's error; its time or its signal; a refusal, when it was never sent; or
 * a `SocketLostError`, when nobody knows. Which of the last two is decided by what was handed to a connection. A server that says
 * that it goes away is sent nothing more; what it answers meanwhile counts, and what it returns goes to the next one.
 */

// How long a server that has said that it goes may take to answer a goodbye.
const partingMs = 1_000;

/** A WebSocket that connects again, knows what became of what was sent, and holds no more than it may. */
export class ResilientSocket {
  readonly name: string | undefined;
  readonly #settings: SocketSettings;
  readonly #events = new Emitter<SocketEvents>();
  readonly #line: Line;
  readonly #outflow: Outflow;
  readonly #requests: Requests;
  readonly #opened = deferred<undefined>();
  readonly #ended = deferred<SocketEnd>();
  /** Requests that the loss of the connection, which may be the end, has left without an answer. */
  #rejected = 0;
  #graceTimer: Timer | undefined = undefined;
  #closing: CheckedCloseOptions | undefined = undefined;
  readonly #counts = { received: 0, dropped: 0, lost: 0, resent: 0, lateReplies: 0 };

  /**
   * Does not connect yet.
   *
   * @throws TypeError or RangeError naming the option and the value.
   */
  constructor(address: SocketAddress, options: ResilientSocketOptions = {}) {
    this.#settings = readSocketOptions(options);
    this.name = this.#settings.name;
    this.#requests = new Requests(this.#settings, { forsaken: (request) => this.#forsaken(request), settled: () => this.#settled() });
    this.#line = new Line(checkAddress(address), this.#settings, this.#lineOwner);
    const hearer = { dropped: (waiting: Waiting) => this.#dropped(waiting), emptied: () => this.#checkDone() };
    this.#outflow = new Outflow(this.#settings, { line: this.#line, requests: this.#requests }, hearer);
  }

  get stats(): SocketStats {
    const { state, connects } = this.#line;
    return { state, connects, queued: this.#outflow.size + this.#requests.returned, pending: this.#requests.size, sent: this.#outflow.sent, ...this.#counts };
  }

  /**
   * Begins, and connects again from then on until `close`. Resolves when it is open for the first time, and rejects with a
   * {@link SocketRejectedError} when it is closed before that. Nobody need wait for it: what is sent meanwhile waits.
   */
  connect(): Promise<void> {
    this.#line.start();
    return this.#opened.promise;
  }

  /**
   * Sends a message for which no answer is expected, or lets it wait. Nobody knows whether it arrives: what must, is a request.
   *
   * @throws SocketRejectedError when there is no room in the queue, or it is closed.
   */
  send(data: SocketData): void {
    checkData(data);
    this.#checkOpen();
    this.#outflow.admit(new Message(data));
  }

  /**
   * Sends `{ id, input, deadlineMs }`, and waits for `{ id, output }` or `{ id, error }`. A call that is aborted, or whose time is
   * over, sends `{ id, cancel: true }`.
   *
   * @throws as its rejection: SocketRejectedError or DeadlineExceededError when it was never sent; SocketReplyError; TimeoutError;
   * SocketLostError when its connection was lost and it may not be sent again; the signal's own reason.
   */
  request(input: unknown, call: Call = noCall, { isIdempotent = false }: RequestOptions = {}): Promise<unknown> {
    return this.#requests.ask(input, call, { isIdempotent, isBound: false }, (request) => {
      this.#checkOpen();
      this.#outflow.admit(request);
    });
  }

  on<Type extends keyof SocketEvents>(type: Type, listener: (event: SocketEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** Takes nothing more, sends what waits, waits for answers, and says goodbye. A second call joins the first. Never rejects. */
  close(options: CloseOptions = {}): Promise<SocketEnd> {
    const checked = checkCloseOptions(options);
    if (this.#closing !== undefined || this.#line.state === "closed") return this.#ended.promise;
    this.#closing = checked;
    this.#graceTimer = this.#settings.clock.setTimer(() => this.#line.end(checked), checked.graceMs);
    this.#checkDone();
    return this.#ended.promise;
  }

  readonly #lineOwner: LineOwner = {
    fresh: (connection) => this.#fresh(connection),
    opened: (connects) => {
      this.#opened.resolve(undefined);
      this.#events.emit("opened", { connects });
      this.#outflow.flush();
    },
    heard: (connection, data) => this.#heard(connection, data),
    lost: (how) => this.#lost(how),
    waited: (attempt, delayMs) => {
      this.#rejected = 0;
      this.#events.emit("waited", { attempt, delayMs });
    },
    over: (how) => this.#over(how),
  };

  #checkOpen(): void {
    if (this.#closing !== undefined || this.#line.state === "closed") throw new SocketRejectedError("closed", this.name);
  }

  #fresh(connection: Connection): FreshConnection {
    const check = (): void => {
      if (!connection.isReady) throw new SocketLostError({ wasSent: false, closeCode: 1006, closeReason: "", source: this.name });
    };
    return {
      send: (data) => {
        checkData(data);
        check();
        this.#outflow.send(connection, new Message(data));
      },
      request: (input, call = noCall) =>
        this.#requests.ask(input, call, { isIdempotent: false, isBound: true }, (request) => {
          check();
          this.#outflow.send(connection, request);
        }),
    };
  }

  #heard(connection: Connection, data: unknown): void {
    const frame = frameOf(data);
    if (frame === "goaway") {
      connection.isLeaving = true;
      this.#part();
    } else if (frame === undefined || !this.#answered(connection, frame)) {
      this.#counts.received += 1;
      this.#events.emit("received", { data });
    }
  }

  /** Whether it was one of ours. */
  #answered(connection: Connection, reply: Reply): boolean {
    const answered = this.#requests.answer(reply);
    if (answered === "late") this.#counts.lateReplies += 1;
    if (answered === "returned") connection.isLeaving = true;
    this.#part();
    return answered !== "foreign";
  }

  /** Leaves a server that goes, once it owes no answer. */
  #part(): void {
    const { connection } = this.#line;
    if (connection?.isLeaving === true && connection.isReady && this.#requests.sent === 0) connection.close(1000, "", partingMs);
  }

  #forsaken(request: PendingRequest): void {
    if (request.state === "queued") this.#outflow.remove(request);
    if (request.state === "sent") this.#line.connection?.send(cancelFrame(request.id));
  }

  #dropped(waiting: Waiting): void {
    this.#counts.dropped += 1;
    if (!(waiting instanceof Message)) this.#requests.reject(waiting, new SocketRejectedError("evicted", this.name));
    this.#events.emit("dropped", { data: waiting instanceof Message ? waiting.data : waiting.input });
  }

  #lost(how: Disconnection): void {
    const { ids, resent, again } = this.#requests.lost(how);
    this.#outflow.putBack(again);
    this.#rejected = ids.length - resent.length;
    this.#counts.lost += ids.length;
    this.#counts.resent += resent.length;
    this.#events.emit("disconnected", how);
    if (ids.length > 0) this.#events.emit("lost", { ids, resent });
  }

  #settled(): void {
    this.#part();
    this.#checkDone();
  }

  /** Closing, and nothing is left to do. */
  #checkDone(): void {
    if (this.#closing === undefined || this.#requests.size > 0 || this.#outflow.size > 0) return;
    this.#line.end(this.#closing);
  }

  #over(how: Disconnection): void {
    this.#graceTimer?.cancel();
    const left = this.#requests.end(how);
    const { code, reason, cause } = how;
    const unsent = left.unsent + this.#outflow.clear();
    const end: SocketEnd = { code, reason, unsent, unanswered: left.unanswered + this.#rejected, ...(cause === undefined ? {} : { cause }) };
    this.#opened.reject(new SocketRejectedError("closed", this.name, cause));
    this.#events.emit("closed", end);
    this.#ended.resolve(end);
  }
}
