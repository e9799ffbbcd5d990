import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { Emitter, type Call, type Service, type Timer, type Unsubscribe } from "@breakwater/core";
import { WebSocketServer } from "ws";
import { ServerStoppingError } from "../../front/abort-reasons.ts";
import { CallMaker } from "../../front/call-options.ts";
import { Failures, toldOf, type Problem } from "../../front/failures.ts";
import { serviceOf, type Processor, type ServiceLike } from "../../front/service-like.ts";
import { StatusError } from "../../front/status-error.ts";
import type { Attachment } from "../../node/server-life.ts";
import { checkStopOptions, type StopOptions } from "../../node/stop-options.ts";
import { WebSocketRejectedError, type WebSocketRejectionReason } from "./front-errors.ts";
import type { WebSocketFrontEvents, WebSocketFrontStats, WebSocketStopReport } from "./front-life.ts";
import { FrontMeasures } from "./front-measures.ts";
import { readFrontOptions, type FrontSettings, type WebSocketFrontOptions } from "./front-options.ts";
import { Handshake } from "./handshake.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Peer } from "./peer.ts";
import type { PeerHost } from "./peer-host.ts";
import { onUpgrade, refuseUpgrade, type UpgradeHandler } from "./upgrades.ts";

/** A server to take upgrades of: `HttpServer`, whose stop then includes the connections, or one of `node:http`. */
export type UpgradeServer = Server | { readonly node: Server; attach(attachment: Attachment): () => void };

/**
 * Serves a service over WebSocket: each message is one call, with its own deadline, cancellation and answer, through the same
 * middlewares and limits as any other. Made by {@link createWebSocketFront}.
 */
export class WebSocketFront implements Attachment {
  readonly name: string;
  readonly #settings: FrontSettings;
  readonly #host: PeerHost;
  readonly #sockets: WebSocketServer;
  readonly #measures: FrontMeasures;
  readonly #heartbeats: Heartbeats;
  readonly #events = new Emitter<WebSocketFrontEvents>();
  readonly #peers = new Set<Peer>();
  /** Upgrades that are being decided. */
  #upgrading = 0;
  #isClosing = false;
  #waiters: (() => void)[] = [];
  #stopping: Promise<WebSocketStopReport> | undefined = undefined;
  /** Ends the current stage of a stop early. */
  #hurry: (() => void) | undefined = undefined;
  #isForced = false;

  /** @internal */
  constructor(service: ServiceLike<unknown, unknown>, options: WebSocketFrontOptions<unknown, unknown, object>) {
    this.#settings = readFrontOptions(options);
    const { name, meter, maxPayloadBytes, heartbeatMs, peer } = this.#settings;
    this.name = name;
    const calls = new CallMaker<unknown>({ timeoutHeader: false, timeoutMs: options.timeoutMs, clock: options.clock });
    this.#measures = new FrontMeasures(meter, name, { connections: () => this.#peers.size, inFlight: () => this.#inFlight() });
    // It bounds what follows a goodbye of the client, of which ws says nothing. Behind ours, which counts. Older versions of ws have 30 s.
    const closeTimeout = Math.min(peer.closeTimeoutMs + 100, 2 ** 31 - 1);
    const sockets = { noServer: true, clientTracking: false, maxPayload: maxPayloadBytes, perMessageDeflate: false, closeTimeout };
    this.#sockets = new WebSocketServer(sockets);
    this.#host = {
      service: serviceOf(service),
      calls,
      clock: calls.clock,
      failures: new Failures(options),
      measures: this.#measures,
      settings: peer,
      refusals: { inFlight: this.#problem("in-flight", 429, "Too Many Requests"), draining: this.#problem("draining", 503, "Service Unavailable") },
      dropped: ({ code, reason }) => {
        this.#measures.drop();
        this.#events.emit("dropped", { code, reason });
      },
      gone: (leaver) => this.#gone(leaver),
    };
    this.#heartbeats = new Heartbeats(calls.clock, heartbeatMs, this.#peers);
  }

  get stats(): WebSocketFrontStats {
    const { calls, upgradesRefused, dropped, terminated } = this.#measures;
    const waiting = [...this.#peers].reduce((sum, peer) => sum + peer.waiting, 0);
    return { connections: this.#peers.size, inFlight: this.#inFlight(), waiting, ...calls, upgradesRefused, dropped, terminated };
  }

  /**
   * Takes upgrades on its path of this server; it may be on several. Returns what takes it back, and leaves connections as they are.
   *
   * @throws Error when another front has the path.
   */
  attach(server: UpgradeServer): () => void {
    const upgrade: UpgradeHandler = (request, socket, head) => void this.#upgrade(request, socket, head);
    if ("attach" in server) return onUpgrade(server.node, this.#settings.path, upgrade, () => server.attach(this));
    return onUpgrade(server, this.#settings.path, upgrade, () => () => undefined);
  }

  /** Takes no more calls and connections; says goodbye to each client as soon as it owes it no answer. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#events.emit("stopping", { connections: this.#peers.size, inFlight: this.#inFlight() });
    for (const peer of this.#peers) peer.leave();
    this.#checkEmpty();
  }

  /** The grace is over: aborts the calls in flight, which are still answered. Returns how many there were. */
  abort(reason: unknown): number {
    let count = 0;
    for (const peer of this.#peers) count += peer.abort(reason);
    return count;
  }

  /** Stops for good, where no `HttpServer` does it: `close`, the grace, `abort`, and the rest is cut off. Never rejects. */
  stop(options: Omit<StopOptions, "lameDuckMs"> = {}): Promise<WebSocketStopReport> {
    const { graceMs, abortMs } = checkStopOptions(options);
    this.#stopping ??= this.#stop(graceMs, abortMs);
    return this.#stopping;
  }

  /** Ends a stop that is under way, or begun by this, at once. */
  force(): void {
    this.#isForced = true;
    void this.stop();
    this.#hurry?.();
  }

  on<Type extends keyof WebSocketFrontEvents>(type: Type, listener: (event: WebSocketFrontEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { upgrade, upgradeTimeoutMs, maxConnections, allows } = this.#settings;
    this.#upgrading += 1;
    const handshake = new Handshake(socket);
    try {
      if (this.#isClosing) throw this.#rejection("draining");
      if (this.#peers.size + this.#upgrading > maxConnections) throw this.#rejection("connections");
      if (!allows(request)) throw new StatusError(403, "pages of this origin may not connect", { reason: "origin" });
      const adds = upgrade === undefined ? undefined : await handshake.decide(upgrade, request, this.#host.clock, upgradeTimeoutMs);
      if (this.#isStopped()) throw this.#rejection("draining");
      this.#open(request, socket, head, adds);
    } catch (error) {
      this.#measures.refusedUpgrade();
      if (socket.destroyed) return;
      const failure = this.#host.failures.answer(error);
      this.#events.emit("refused", { status: failure.status, error });
      refuseUpgrade(socket, failure);
    } finally {
      handshake.end();
      this.#upgrading -= 1;
    }
  }

  /** Asked anew each time: it changes while one waits. */
  #isStopped(): boolean {
    return this.#isClosing;
  }

  #open(request: IncomingMessage, socket: Duplex, head: Buffer, adds: object | undefined): void {
    const before = this.#peers.size;
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      this.#peers.add(new Peer(this.#host, opened, { request, stream: socket, adds }));
      this.#heartbeats.begin();
    });
    if (this.#peers.size === before) this.#measures.refusedUpgrade(); // ws has answered what was no proper upgrade
  }

  #inFlight(): number {
    let count = 0;
    for (const peer of this.#peers) count += peer.inFlight;
    return count;
  }

  #rejection(reason: WebSocketRejectionReason): WebSocketRejectedError {
    return new WebSocketRejectedError(reason, this.name, this.#settings.peer.retryAfterMs);
  }

  #problem(reason: WebSocketRejectionReason, status: number, title: string): Problem {
    return { type: "about:blank", title, status, ...toldOf(this.#rejection(reason)) };
  }

  #gone(peer: Peer): void {
    this.#peers.delete(peer);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#peers.size > 0) return;
    this.#heartbeats.end();
    if (!this.#isClosing) return;
    this.#measures.stop();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  async #stop(graceMs: number, abortMs: number): Promise<WebSocketStopReport> {
    const { clock } = this.#host;
    const startedAt = clock.now();
    this.close();
    const isDrained = await this.#within(graceMs);
    const calls = isDrained ? 0 : this.abort(new ServerStoppingError());
    if (!isDrained) await this.#within(abortMs);
    const connections = this.#peers.size;
    for (const peer of this.#peers) peer.terminate();
    if (connections > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const report: WebSocketStopReport = { isDrained, forced: { calls, connections }, durationMs: clock.now() - startedAt };
    this.#events.emit("stopped", report);
    return report;
  }

  /** Whether no connection is left within this time. */
  #within(limitMs: number): Promise<boolean> {
    if (this.#peers.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const over = (isEmpty: boolean): void => {
        timer.cancel();
        resolve(isEmpty);
      };
      const timer: Timer = this.#host.clock.setTimer(() => over(false), this.#isForced ? 0 : limitMs);
      this.#hurry = () => over(false);
      this.#waiters.push(() => over(true));
    });
  }
}

/**
 * Serves a service over WebSocket. `attach` it to a server.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function createWebSocketFront<In = unknown, Out = unknown, Adds extends object = object>(
  service: Service<In, Out, Call & Adds> | Processor<In, Out>,
  options: WebSocketFrontOptions<In, Out, Adds> = {},
): WebSocketFront {
  // `decode` makes the In that the service reads, `upgrade` the rest of its call, and `encode` gets what the service answers.
  return new WebSocketFront(service as ServiceLike<unknown, unknown>, options as WebSocketFrontOptions<unknown, unknown, object>);
}
