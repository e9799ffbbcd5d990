import type { IncomingHttpHeaders } from "node:http";

/** Who gets the body. */
export interface Sink {
  readonly paused: boolean;
  data(chunk: Buffer): void;
  end(trailers: IncomingHttpHeaders): void;
  error(error: unknown): void;
}

/**
 * What came of a body and nobody has taken yet: before there is a sink, or while it has paused. From sockets next to nothing, since
 * they are paused as well; other dispatchers go on as they like.
 */
export class BodyQueue {
  readonly #events: ((sink: Sink) => void)[] = [];
  #sink: Sink | undefined = undefined;
  #isDraining = false;

  get sink(): Sink | undefined {
    return this.#sink;
  }

  push(event: (sink: Sink) => void): void {
    this.#events.push(event);
    this.drain();
  }

  /** Hands on what waits, until the sink pauses. False when somebody does that already: the sink has paused and resumed in between. */
  drain(sink: Sink | undefined = this.#sink): boolean {
    this.#sink = sink;
    if (sink === undefined || this.#isDraining) return false;
    this.#isDraining = true;
    try {
      while (!sink.paused && this.#events.length > 0) this.#events.shift()?.(sink);
    } finally {
      this.#isDraining = false;
    }
    return true;
  }

  clear(): void {
    this.#events.length = 0;
  }
}
