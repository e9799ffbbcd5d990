import type { Duplex } from "node:stream";
import type { Clock, Timer } from "@breakwater/core";
import type { WebSocket } from "ws";
import type { PeerSettings } from "./front-options.ts";
import { textFrame } from "./text-frame.ts";

export interface SlowReaderOwner {
  /** The client takes its answers more slowly than they come: nothing more should be read from it. */
  full(): void;
  /** It has caught up. */
  roomy(): void;
  /** It holds too much, or has held it for too long. */
  hopeless(reason: string): void;
}

/**
 * Sends, and keeps what waits in this process for a slow client within bounds.
 *
 * Above the high water nothing more is read from the client, so at most the answers to what is in flight are still added; a client
 * that reads but slowly is thereby slowed down to its own pace. One that lets it rise to the maximum, or does not bring it down
 * again in time, is given up. Only the sends above the high water have a callback: the rest pay one comparison.
 *
 * Answers that are there in the same turn leave together: a system call for each is more than half of what a small message costs. The turn
 * ends when all that was read is begun and every promise that could settle has, so no answer waits for one that is not there yet.
 */
export class SlowReader {
  readonly #socket: WebSocket;
  /** What is under it. */
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #settings: PeerSettings;
  readonly #owner: SlowReaderOwner;
  #stall: Timer | undefined = undefined;
  #isGathering = false;
  #isEmptying = false;

  constructor(socket: WebSocket, stream: Duplex, clock: Clock, settings: PeerSettings, owner: SlowReaderOwner) {
    this.#socket = socket;
    this.#stream = stream;
    this.#clock = clock;
    this.#settings = settings;
    this.#owner = owner;
  }

  get isFull(): boolean {
    return this.#stall !== undefined;
  }

  /** @param isAlone - whether no other answer can come in this turn */
  send(text: string, isAlone: boolean): void {
    const socket = this.#socket;
    const { highWaterBytes } = this.#settings;
    if (!isAlone && !this.#isGathering) {
      this.#isGathering = true;
      this.#stream.cork();
      process.nextTick(this.#release);
    }
    if (this.#stall === undefined && socket.bufferedAmount + text.length <= highWaterBytes) {
      this.#stream.write(textFrame(text), "latin1");
      return;
    }
    this.#stream.write(textFrame(text), "latin1", this.#taken);
    this.#judge();
  }

  /** Something else was sent: `ws` answers pings by itself, and a client that takes no pong must not fill the memory either. */
  look(): void {
    if (this.#socket.bufferedAmount <= this.#settings.highWaterBytes) return;
    if (this.#stall === undefined) this.#stream.write("", this.#taken);
    this.#judge();
  }

  /** Calls back when nothing waits in this process, now or later; not when the connection ends before. Called again meanwhile it does nothing. */
  whenOut(callback: () => void): void {
    if (this.#isEmptying) return;
    if (this.#stream.writableLength === 0) {
      callback();
      return;
    }
    this.#isEmptying = true;
    this.#stream.write("", () => {
      this.#isEmptying = false;
      if (!this.#isLost) callback();
    });
  }

  /** What waited is lost with the connection; those who wait for room are told all the same, and not always with an error. */
  get #isLost(): boolean {
    return this.#stream.destroyed || this.#stream.errored !== null;
  }

  stop(): void {
    this.#stall?.cancel();
    this.#stall = undefined;
  }

  readonly #release = (): void => {
    this.#isGathering = false;
    this.#stream.uncork();
  };

  #judge(): void {
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > this.#settings.maxBufferedBytes) this.#owner.hopeless("the answers are not taken");
    else if (this.#stall === undefined && bufferedAmount > this.#settings.highWaterBytes) this.#full();
  }

  #full(): void {
    this.#stall = this.#clock.setTimer(() => this.#owner.hopeless("the answers are not taken in time"), this.#settings.stalledTimeoutMs);
    this.#stall.unref();
    this.#owner.full();
  }

  // Called in order, the last one when all is out, so none is missed.
  readonly #taken = (): void => {
    if (this.#isLost || this.#stall === undefined || this.#socket.bufferedAmount > this.#settings.highWaterBytes / 2) return;
    this.stop();
    this.#owner.roomy();
  };
}
