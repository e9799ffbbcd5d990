import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Emitter, warn, type Clock, type Unsubscribe } from "@breakwater/core";
import { ServerStoppingError } from "../front/abort-reasons.ts";
import { CallMaker } from "../front/call-options.ts";
import { Failures } from "../front/failures.ts";
import { answerClientError } from "./client-error.ts";
import { Connections } from "./connections.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeHost, Expectation } from "./exchange-host.ts";
import { Measures } from "../front/measures.ts";
import { Peer } from "./peer.ts";
import type { HttpRequest } from "./request.ts";
import { routingOf, type Routes, type Routing } from "./route.ts";
import { readServerOptions, type HttpServerOptions } from "./server-options.ts";
import type { Attachment, HttpServerEvents, HttpServerStats, ServerState } from "./server-life.ts";
import { checkStopOptions, type CheckedStopOptions, type ServerStopReport, type StopOptions } from "./stop-options.ts";

/**
 * How a server stops, and why in this order.
 *
 * `server.close()` is not a graceful stop. An answer that still says keep-alive makes its client wait for a next request, so a
 * call of 200 ms holds the close for 6 s; and a WebSocket holds it for ever. And whoever closes the listener first
 * refuses clients that a balancer still sends.
 *
 * So: `stopping` is emitted, for readiness to turn, and for the lame-duck time all goes on as before. Then the listener closes,
 * idle connections are closed, the last answer of each other one says `Connection: close`, streams without an end are ended, and what
 * is attached (WebSockets) is told. When the last connection has gone it is over, at once. When the grace is over first, the
 * calls' signals are aborted with a {@link ServerStoppingError}, which the clients are still told as a 503; and what is left
 * after `abortMs` is destroyed.
 */

/** Serves requests over `node:http`, and stops without losing any. Made by {@link createHttpServer}. */
export class HttpServer implements ExchangeHost {
  readonly name: string;
  /** For what is not said here. Its `close` is not the way to stop. */
  readonly node: Server;
  /** @internal */
  readonly routing: Routing;
  /** @internal */
  readonly calls: CallMaker<HttpRequest>;
  /** @internal */
  readonly failures: Failures;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly stalledMs: number;
  readonly #port: number;
  readonly #host: string;
  readonly #headersMs: number;
  readonly #keepAlive: string | undefined;
  readonly #connections: Connections;
  readonly #attachments = new Set<Attachment>();
  readonly #events = new Emitter<HttpServerEvents>();
  readonly #measures: Measures;
  #state: ServerState = "new";
  #inFlight = 0;
  #malformed = 0;
  /** Until the listener is made, or cannot be. */
  #starting: Promise<AddressInfo> | undefined = undefined;
  #stopping: Promise<ServerStopReport> | undefined = undefined;
  /** Ends the current stage of a stop early. */
  #hurry: (() => void) | undefined = undefined;
  #isForced = false;

  /** @internal */
  constructor(routes: Routes, options: HttpServerOptions) {
    const { name, port, host, node, headersMs, stalledMs, keepAliveMs, maxConnections, meter } = readServerOptions(options);
    this.name = name;
    this.#port = port;
    this.#host = host;
    this.#headersMs = headersMs;
    this.routing = routingOf(routes);
    this.calls = new CallMaker(options);
    this.failures = new Failures(options);
    this.clock = this.calls.clock;
    this.stalledMs = stalledMs;
    this.#keepAlive = keepAliveMs === Infinity ? undefined : `timeout=${Math.floor(keepAliveMs / 1000)}`;
    this.#measures = new Measures(meter, name);
    this.node = createServer(node);
    this.#connections = new Connections(this.node, this.clock, keepAliveMs);
    if (maxConnections < Infinity) this.node.maxConnections = maxConnections;
    const begin = (expects: Expectation) => (message: IncomingMessage, response: ServerResponse) => this.#begin(message, response, expects);
    this.node.on("request", begin("nothing")).on("checkContinue", begin("continue")).on("checkExpectation", begin("other"));
    this.node.on("clientError", (error, socket) => {
      if (socket.writable && (error as NodeJS.ErrnoException).code !== "ECONNRESET") this.#malformed += 1;
      answerClientError(error, socket, this.#connections.peerOf(socket)?.isAnswering === true, this.clock);
    });
  }

  get stats(): HttpServerStats {
    const { answered, failed, gone } = this.#measures;
    return { state: this.#state, connections: this.#connections.size, inFlight: this.#inFlight, answered, failed, gone, malformed: this.#malformed };
  }

  /** @internal */
  get isClosing(): boolean {
    return this.#state === "closing" || this.#state === "stopped";
  }

  /** @internal Where somebody has set Node's own limits, it says itself what becomes of the connection. */
  get keepAlive(): string | undefined {
    return this.node.keepAliveTimeout > 0 || (this.node.maxRequestsPerSocket ?? 0) > 0 ? undefined : this.#keepAlive;
  }

  /** Where it listens. Throws before. */
  get url(): string {
    const address = this.node.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** Takes connections from now on. Rejects when the port is taken, or a stop has begun. */
  start(): Promise<AddressInfo> {
    if (this.#state !== "new") return Promise.reject(new Error(`the server is ${this.#state} and cannot start`));
    this.#state = "listening";
    this.#starting = new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        if (this.#state === "listening") this.#state = "new";
        this.#starting = undefined;
        reject(error);
      };
      this.node.once("error", failed).listen(this.#port, this.#host, () => {
        this.node.off("error", failed).on("error", warn);
        this.#starting = undefined;
        resolve(this.node.address() as AddressInfo); // it is one for a port
      });
    });
    return this.#starting;
  }

  /** Stops for good, as said above. A second call joins the first. Never rejects: what was left stands in the report. */
  stop(options: StopOptions = {}): Promise<ServerStopReport> {
    const checked = checkStopOptions(options);
    this.#stopping ??= this.#stop(checked);
    return this.#stopping;
  }

  /** Ends a stop that is under way, or begun by this, at once: destroys whatever is left. */
  force(): void {
    this.#isForced = true;
    void this.stop();
    this.#hurry?.();
  }

  on<Type extends keyof HttpServerEvents>(type: Type, listener: (event: HttpServerEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** Joins something to the server's stop, that takes the `upgrade` events of `node`. Returns what takes it back. */
  attach(attachment: Attachment): () => void {
    this.#attachments.add(attachment);
    if (this.isClosing) attachment.close();
    return () => void this.#attachments.delete(attachment);
  }

  /** @internal */
  closed(exchange: Exchange): void {
    this.#inFlight -= 1;
    exchange.peer.delete(exchange);
    this.#measures.count(exchange.outcome);
    if (this.isClosing) this.#connections.closeIdleSoon();
  }

  #begin(message: IncomingMessage, response: ServerResponse, expects: Expectation): void {
    if (message.socket.destroyed) return; // it was cut off in the middle of its pipeline
    const peer = this.#connections.peerOf(message.socket) ?? new Peer(message.socket);
    if (peer.isFinished) return; // the connection closes before its turn to be answered
    const exchange = new Exchange(this, peer, message, response, expects);
    this.#inFlight += 1;
    peer.add(exchange);
    if (this.isClosing) peer.finish();
    peer.begin(exchange);
  }

  async #stop({ lameDuckMs, graceMs, abortMs }: CheckedStopOptions): Promise<ServerStopReport> {
    const startedAt = this.clock.now();
    const wasListening = this.#state === "listening";
    this.#state = "lame-duck";
    this.#events.emit("stopping", { inFlight: this.#inFlight });
    if (wasListening && lameDuckMs > 0) await this.#within(lameDuckMs, new Promise(() => undefined));
    // A listener that is still being made could not be closed.
    if (this.#starting !== undefined) await this.#starting.catch(() => undefined);
    const closedAt = this.clock.now();
    this.#close(graceMs);
    // From here on Node does not look any more how long a head takes.
    const late = this.clock.setTimer(() => this.#connections.closeUnasked(), this.#headersMs);
    const isDrained = await this.#within(graceMs, this.#connections.none());
    late.cancel();
    const overAt = this.clock.now();
    const forced = isDrained ? { requests: 0, connections: 0 } : await this.#force(abortMs);
    this.#state = "stopped";
    const durationMs = { lameDuck: closedAt - startedAt, grace: overAt - closedAt, forced: isDrained ? 0 : this.clock.now() - overAt };
    const report: ServerStopReport = { isDrained, forced, durationMs };
    this.#events.emit("stopped", report);
    return report;
  }

  #close(graceMs: number): void {
    this.#state = "closing";
    this.node.close();
    for (const exchange of this.#connections.exchanges) exchange.endEndless();
    for (const attachment of this.#attachments) attachment.close();
    this.#connections.leave(this.clock, graceMs);
  }

  async #force(abortMs: number): Promise<ServerStopReport["forced"]> {
    const reason = new ServerStoppingError();
    let requests = this.#inFlight;
    for (const exchange of this.#connections.exchanges) exchange.abort(reason);
    for (const attachment of this.#attachments) requests += attachment.abort(reason);
    await this.#within(abortMs, this.#connections.none());
    const connections = this.#connections.destroyAll();
    await this.#connections.none();
    return { requests, connections };
  }

  /** Whether it came to its end within this time. */
  #within(limitMs: number, end: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const over = (): void => {
        timer.cancel();
        resolve(false);
      };
      const timer = this.clock.setTimer(over, this.#isForced ? 0 : limitMs);
      this.#hurry = over;
      void end.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }
}

/**
 * Serves a service, or several, over `node:http`. See {@link Routes} for what may be given.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function createHttpServer(routes: Routes, options: HttpServerOptions = {}): HttpServer {
  return new HttpServer(routes, options);
}
