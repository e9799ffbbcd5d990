import type { Clock, Timer } from "@breakwater/core";
import { Heartbeat } from "./heartbeat.ts";
import type { SocketData, SocketLike } from "./socket-like.ts";
import type { HeartbeatSettings } from "./socket-options.ts";

/** How a connection ended, or did not come about. */
export interface Disconnection {
  /** 1006 where nobody said goodbye. */
  readonly code: number;
  readonly reason: string;
  /** The error that stood behind it, where there is one. */
  readonly cause: unknown;
}

export interface ConnectionOwner {
  connected(connection: Connection): void;
  heard(connection: Connection, data: unknown): void;
  /** Called once; nothing comes from this connection afterwards. */
  lost(connection: Connection, how: Disconnection): void;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  /** How long it may take until it is established. */
  readonly connectTimeoutMs: number;
  readonly heartbeat: HeartbeatSettings | undefined;
}

const open = 1;

/**
 * One WebSocket, from the attempt to connect to its end.
 *
 * It ends once, whoever ends it: the server, the network, a connect that takes too long, a heartbeat without an answer. What the
 * old WebSocket says after that, when there is a new one perhaps, is heard by nobody.
 */
export class Connection {
  /** The server takes no more requests on it. */
  isLeaving = false;
  readonly #socket: SocketLike;
  readonly #owner: ConnectionOwner;
  readonly #options: ConnectionOptions;
  readonly #connectTimer: Timer;
  #heartbeat: Heartbeat | undefined = undefined;
  #closeTimer: Timer | undefined = undefined;
  #cause: unknown = undefined;
  #hasEnded = false;

  constructor(socket: SocketLike, owner: ConnectionOwner, options: ConnectionOptions) {
    this.#socket = socket;
    this.#owner = owner;
    this.#options = options;
    this.#connectTimer = options.clock.setTimer(() => this.cut("it took too long to connect"), options.connectTimeoutMs);
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", ({ data }) => this.#received(data));
    socket.addEventListener("close", ({ code, reason }) => this.#end({ code, reason, cause: this.#cause }));
    // `close` follows; without a listener `ws` would throw
    socket.addEventListener("error", (event) => (this.#cause = "error" in event ? event.error : undefined));
  }

  /** Whether it takes messages now. */
  get isReady(): boolean {
    return !this.#hasEnded && this.#closeTimer === undefined && this.#socket.readyState === open;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: SocketData): void {
    if (this.isReady) this.#socket.send(data);
  }

  /** All that had to come before its use is done. */
  establish(): void {
    this.#connectTimer.cancel();
  }

  /** Says goodbye, and ends at the latest after the grace. Called again it changes the grace. */
  close(code: number, reason: string, graceMs: number): void {
    if (this.#hasEnded) return;
    const isFirst = this.#closeTimer === undefined;
    this.#closeTimer?.cancel();
    this.#closeTimer = this.#options.clock.setTimer(() => this.cut(reason), graceMs);
    this.#heartbeat?.stop();
    if (isFirst) this.#socket.close(code, reason);
  }

  /** Ends it now, whatever the other end says, or does not. */
  cut(reason: string, cause: unknown = this.#cause): void {
    if (this.#hasEnded) return;
    this.#stop();
    if (this.#socket.terminate === undefined) this.#socket.close();
    else this.#socket.terminate();
    this.#owner.lost(this, { code: 1006, reason, cause });
  }

  #opened(): void {
    if (this.#hasEnded) return;
    const { heartbeat, clock } = this.#options;
    const ask = this.#question(heartbeat?.message);
    if (heartbeat !== undefined && ask !== undefined) {
      this.#heartbeat = new Heartbeat(clock, heartbeat, ask, () => this.cut("the server gave no sign of life"));
      for (const sign of ["ping", "pong"] as const) this.#socket.on?.(sign, () => this.#heartbeat?.heard());
    }
    this.#owner.connected(this);
  }

  #question(message: string | undefined): (() => void) | undefined {
    if (message !== undefined) return () => this.send(message);
    if (this.#socket.ping === undefined) return undefined;
    return () => {
      if (this.isReady) this.#socket.ping?.();
    };
  }

  #received(data: unknown): void {
    if (this.#hasEnded) return;
    this.#heartbeat?.heard();
    this.#owner.heard(this, data);
  }

  #end(how: Disconnection): void {
    if (this.#hasEnded) return;
    this.#stop();
    this.#owner.lost(this, how);
  }

  #stop(): void {
    this.#hasEnded = true;
    this.#connectTimer.cancel();
    this.#closeTimer?.cancel();
    this.#heartbeat?.stop();
  }
}
