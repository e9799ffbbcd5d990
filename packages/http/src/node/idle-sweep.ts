import type { Clock, Timer } from "@breakwater/core";
import type { Peer } from "./peer.ts";

// A quarter of the time that they may be idle; but with a very short one looking would be all that is done.
const share = 4;
const leastIntervalMs = 100;

/**
 * Closes connections that nobody has used for a while.
 *
 * How it works, and why. `node:http` does it with a timer for each connection, which every request takes down and every answer sets up
 * again: a twelfth of all that a small request costs. So here all are looked at together, at intervals. One that is found idle was
 * so for an unknown part of the interval before, and for all of each interval after which it is found so again. No request pays
 * for it. A connection is closed up to an interval late, and never early: the answer has promised the client how long it may wait.
 */
export class IdleSweep {
  readonly #peers: ReadonlyMap<unknown, Peer>;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** So many intervals are as long as a connection may be idle, or longer. */
  readonly #intervals: number;
  #timer: Timer | undefined = undefined;

  /** @param timeoutMs - Infinity for never */
  constructor(peers: ReadonlyMap<unknown, Peer>, clock: Clock, timeoutMs: number) {
    this.#peers = peers;
    this.#clock = clock;
    this.#intervalMs = Math.max(timeoutMs / share, leastIntervalMs);
    this.#intervals = Math.ceil(timeoutMs / this.#intervalMs);
  }

  /** There is a connection. While there is one it goes on by itself. */
  start(): void {
    if (this.#timer !== undefined || this.#intervalMs === Infinity) return;
    this.#timer = this.#clock.setTimer(this.#look, this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    for (const peer of this.#peers.values()) if (peer.countIdle() > this.#intervals) peer.socket.destroy();
    if (this.#peers.size > 0) this.start();
  };
}
