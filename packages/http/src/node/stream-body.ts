import type { ServerResponse } from "node:http";
import type { Clock } from "@breakwater/core";
import { abandon } from "../front/abandon.ts";
import type { ReplyStream } from "../front/reply.ts";
import { watchStall } from "./whole-body.ts";

export interface StreamBodyOptions {
  readonly clock: Clock;
  /** A client that takes nothing for so long has gone, in ms. */
  readonly stalledMs: number;
  /** What the source threw; the answer has begun, so it is broken off. */
  readonly failed: (error: unknown) => void;
}

const sliceBytes = 65_536;

/**
 * Sends a stream piece by piece. The next one is asked for when the client has taken the last, so a slow client holds one
 * piece and the socket's buffer, and one that takes nothing is cut off: of a large piece nothing of a slice, since a slow client is
 * not a dead one. When it ends early, because the client or the server
 * goes, the source's `return` is called, once.
 */
export class StreamBody {
  readonly #response: ServerResponse;
  readonly #stream: ReplyStream;
  readonly #iterator: AsyncIterator<string | Uint8Array>;
  readonly #options: StreamBodyOptions;
  /** Nothing more is sent. */
  #isOver = false;
  /** Goes on with the next piece; undefined while the client keeps up. */
  #wake: (() => void) | undefined = undefined;

  constructor(response: ServerResponse, stream: ReplyStream, options: StreamBodyOptions) {
    this.#response = response;
    this.#stream = stream;
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#options = options;
    response.on("drain", () => this.#wake?.());
    void this.#run();
  }

  /** No more pieces. The answer is ended properly where there still is a client. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake?.();
    abandon(this.#stream, this.#iterator);
    this.#response.end();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const next = await this.#iterator.next();
        if (this.#isStopped()) return;
        if (next.done === true) break;
        for (const slice of slicesOf(next.value)) {
          if (!this.#response.write(slice)) await this.#room();
          if (this.#isStopped()) return;
        }
      }
      this.#isOver = true;
      this.#response.end();
      watchStall(this.#response, this.#options, () => this.#response.destroy()); // the last piece may still be here
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      // It may be the response that could not take a piece, and the source knows of nothing.
      abandon(this.#stream, this.#iterator);
      this.#options.failed(error);
    }
  }

  /** Asked anew each time: it changes while one waits. */
  #isStopped(): boolean {
    return this.#isOver;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(() => this.#response.destroy(), this.#options.stalledMs);
      this.#wake = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

function* slicesOf(piece: string | Uint8Array): Generator<string | Uint8Array, void> {
  // What is neither has no length, and the response says so.
  if (!(piece.length > sliceBytes)) {
    yield piece;
    return;
  }
  const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes);
}
