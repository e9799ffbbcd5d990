import type { Clock, Timer } from "@breakwater/core";
import type { Peer } from "./peer.ts";

/** How often each connection is looked at in the time that it may be idle. */
const looks = 4;

/**
 * Closes connections that nobody has used for a while.
 *
 * How it works, and why. `node:http` does it with a timer for each connection, which every request takes down and every answer sets up
 * again: a twelfth of all that a small request costs. So here all are looked at together, a few times in the time that they may be idle,
 * and one that was found idle that often in a row, and had sent nothing in between, is closed. No request pays for it. It comes up to
 * a quarter of the time late, and never early: the answer has promised the client how long it may wait.
 */
export class IdleSweep {
  readonly #peers: ReadonlyMap<unknown, Peer>;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #timer: Timer | undefined = undefined;

  /** @param timeoutMs - Infinity for never */
  constructor(peers: ReadonlyMap<unknown, Peer>, clock: Clock, timeoutMs: number) {
    this.#peers = peers;
    this.#clock = clock;
    this.#intervalMs = timeoutMs / looks;
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
    for (const peer of this.#peers.values()) if (peer.look() > looks) peer.socket.destroy();
    if (this.#peers.size > 0) this.start();
  };
}
