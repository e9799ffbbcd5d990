import type { Clock, Timer } from "@breakwater/core";
import type { Peer } from "./peer.ts";

/**
 * Finds connections whose other end has vanished without a goodbye: they look open for many minutes.
 *
 * One timer for all of them. At each beat all are pinged, which keeps proxies in between from closing them too, and those who have
 * given no sign of life since the last beat are cut off: after one interval at the earliest, two at the latest. Before that it
 * looks once more, a turn of the event loop later: after a pause of our own process the timer comes first, and the signs of life
 * that are in already come second. The timer runs only while there are connections, and keeps no process alive.
 */
export class Heartbeats {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #peers: ReadonlySet<Peer>;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock, intervalMs: number, peers: ReadonlySet<Peer>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#peers = peers;
  }

  /** There is a connection. */
  begin(): void {
    if (this.#timer === undefined) this.#arm(this.#beat, this.#intervalMs);
  }

  /** There is none any more. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(callback: () => void, delayMs: number): void {
    this.#timer = this.#clock.setTimer(callback, delayMs);
    this.#timer.unref();
  }

  readonly #beat = (): void => {
    this.#arm(this.#judge, 0);
  };

  readonly #judge = (): void => {
    this.#arm(this.#beat, this.#intervalMs);
    for (const peer of [...this.#peers]) {
      if (peer.isHeard || !peer.canBeHeard) {
        peer.isHeard = false;
        peer.ping();
      } else {
        peer.bury();
      }
    }
  };
}
