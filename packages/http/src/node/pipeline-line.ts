import type { Socket } from "node:net";
import type { Exchange } from "./exchange.ts";

// A pipeline saves its client a wait; it is no way to have more served at a time than others.
const mostAtOnce = 4;
// More than a piece of network input can hold.
const mostWaiting = 4_096;

/**
 * Where the requests of a pipeline wait.
 *
 * How it works, and why. One piece of network input, 64 KiB, can hold two thousand requests. Begun as they come, they are served before
 * anybody else is, and their answers, each as large as it may be, are held for a client that perhaps never reads one. So of one
 * connection a few are served at a time. Those behind them wait, and nothing more is read meanwhile, so that TCP slows the client down.
 * Node itself reads on when a request is complete, and when an answer is out. So reading is stopped after each of these again, and there is
 * a bound besides, beyond which the connection is cut off. The next ones begin in a turn of the event loop of their own, so that answers
 * that are there at once do not keep others waiting either. A connection without a pipeline never has a line.
 */
export class PipelineLine {
  readonly #socket: Socket;
  #waiting: Exchange[] = [];
  /** Those of the connection whose answers are not out, the waiting ones included. */
  #size = 0;
  #isTurnDue = false;
  #isHoldDue = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  begin(exchange: Exchange, size: number): void {
    this.#size = size;
    if (size <= mostAtOnce && this.#waiting.length === 0) {
      exchange.begin();
    } else if (this.#waiting.length < mostWaiting) {
      this.#waiting.push(exchange);
      this.#hold();
    } else {
      this.#socket.destroy();
    }
  }

  /** One has ended, and so many are left. */
  left(size: number): void {
    this.#size = size;
    if (this.#waiting.length === 0) return;
    this.#hold();
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#advance();
    });
  }

  /** The connection has closed. */
  clear(): void {
    this.#waiting = [];
  }

  #advance(): void {
    const places = Math.max(0, mostAtOnce - (this.#size - this.#waiting.length));
    for (const exchange of this.#waiting.splice(0, places)) exchange.begin();
    if (this.#waiting.length === 0 && !this.#socket.destroyed) this.#socket.resume();
  }

  /** Reads nothing more, once Node has done what makes it read on: that takes it a tick, and begins in this one. */
  #hold(): void {
    if (this.#isHoldDue) return;
    this.#isHoldDue = true;
    const pause = (): void => {
      this.#isHoldDue = false;
      if (this.#waiting.length > 0) this.#socket.pause();
    };
    process.nextTick(() => process.nextTick(pause));
  }
}
