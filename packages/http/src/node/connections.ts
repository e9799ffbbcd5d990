import { Server } from "node:http";
import type { Duplex } from "node:stream";
import { systemClock, type Clock } from "@breakwater/core";
import type { Exchange } from "./exchange.ts";
import { watchHandovers } from "./handovers.ts";
import { IdleSweep } from "./idle-sweep.ts";
import { Peer } from "./peer.ts";

// A first request may be on its way to a connection that was just taken.
const silentMs = 1_000;

/**
 * The connections of a server, for its stop.
 *
 * `server.close()` waits for connections that wait for nothing: a keep-alive one whose answer was promised to have a successor, a
 * silent one that never asked, a WebSocket. So they are counted here from their beginning to their end, whatever they became.
 */
export class Connections {
  readonly #server: Server;
  readonly #peers = new Map<Duplex, Peer>();
  readonly #sweep: IdleSweep;
  #waiters: (() => void)[] = [];
  #isCloseDue = false;
  #isHeldUp = false;

  /** @param keepAliveMs - for how long one may be idle; without it the server sees to that itself */
  constructor(server: Server, clock: Clock = systemClock, keepAliveMs: number = Number.POSITIVE_INFINITY) {
    this.#server = server;
    this.#sweep = new IdleSweep(this.#peers, clock, keepAliveMs);
    watchHandovers(server, (socket) => this.peerOf(socket)?.handOver());
    server.closeIdleConnections = () => this.closeIdle(); // its `close` calls it
    server.on("connection", (socket) => {
      const peer = new Peer(socket);
      this.#peers.set(socket, peer);
      this.#sweep.start();
      socket.once("close", () => {
        peer.closed();
        this.#gone(socket);
      });
    });
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Undefined for one that has closed. */
  peerOf(socket: Duplex): Peer | undefined {
    return this.#peers.get(socket);
  }

  /** Those whose answers are not out, of all connections. */
  get exchanges(): readonly Exchange[] {
    return [...this.#peers.values()].flatMap((peer) => peer.exchanges);
  }

  /** Resolves when none is left. */
  none(): Promise<void> {
    return this.#peers.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Closes those that nobody uses: between two requests now, and silent ones after a tenth of the grace, a second at most. */
  leave(clock: Clock, graceMs: number): void {
    this.#sweep.stop();
    for (const peer of this.#peers.values()) peer.finish();
    this.closeIdle();
    const timer = clock.setTimer(() => this.#closeSilent(), Math.min(silentMs, graceMs / 10));
    void this.none().then(() => timer.cancel());
  }

  /**
   * Closes those between two requests. Those that are silent, send a head or wait for an answer stay.
   *
   * Node's own way takes a connection for idle whose answer has ended, even if some of it still waits here for a slow client. So while
   * there is one of those it has to wait.
   */
  closeIdle(): void {
    if (this.#isHeldUp) return;
    const slow = [...this.#peers.values()].find(({ socket, isUpgraded }) => !isUpgraded && socket.writable && socket.writableLength > 0);
    if (slow === undefined) {
      this.#closeIdleNow();
      return;
    }
    this.#isHeldUp = true;
    slow.socket.write("", () => {
      this.#isHeldUp = false;
      this.closeIdleSoon();
    });
  }

  // Since Node 26 its own way takes the silent ones as well.
  #closeIdleNow(): void {
    const peers = [...this.#peers.values()];
    if (!peers.some(({ isSilent }) => isSilent)) Server.prototype.closeIdleConnections.call(this.#server);
    else for (const { isIdle, socket } of peers) if (isIdle) socket.destroy();
  }

  /** The same, once the requests that end in this turn have ended. */
  closeIdleSoon(): void {
    if (this.#isCloseDue) return;
    this.#isCloseDue = true;
    setImmediate(() => {
      this.#isCloseDue = false;
      this.closeIdle();
    });
  }

  /** Closes those too whose head is still not complete. */
  closeUnasked(): void {
    for (const { socket, isUpgraded, exchanges } of this.#peers.values()) if (!isUpgraded && exchanges.length === 0) socket.destroy();
  }

  /** Destroys those that are left, and says how many. */
  destroyAll(): number {
    const left = this.#peers.size;
    for (const socket of this.#peers.keys()) socket.destroy();
    return left;
  }

  #closeSilent(): void {
    for (const { socket, isSilent } of this.#peers.values()) if (isSilent) socket.destroy();
  }

  #gone(socket: Duplex): void {
    this.#peers.delete(socket);
    if (this.#peers.size > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
