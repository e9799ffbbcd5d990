import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** We left, and nothing had been said. */
export const left = "left";
/** It was closed without a word. */
export const closed = "closed";
/** It was reset, or broke in the middle of a write. */
export const cut = "cut";

/** A connection that speaks bytes, whatever they are, and remembers the first thing that it was told: a status, or how it ended. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves when it is over. */
  readonly told: Promise<string>;
  #status: string | undefined;
  #error: Error | undefined;
  #isGivenUp = false;

  constructor(port: number, { reads = true }: { readonly reads?: boolean } = {}) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("error", (error) => (this.#error = error));
    if (reads) this.socket.on("data", (chunk) => this.#heard(chunk)).on("end", () => this.socket.destroy());
    this.told = new Promise((resolve) => this.socket.once("close", () => resolve(this.#telling())));
  }

  get isOver(): boolean {
    return this.socket.destroyed;
  }

  /** Resolves when it is over, at the latest then: we leave. */
  async giveUpAt(until: number): Promise<string> {
    const timer = setTimeout(() => this.giveUp(), Math.max(0, until - performance.now()));
    const told = await this.told;
    clearTimeout(timer);
    return told;
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.socket.destroy();
  }

  /** Sends as fast as it is taken, until it is over or there is nothing more to say. Says whether everything was sent. */
  async pour(next: () => string | Buffer | undefined): Promise<boolean> {
    for (;;) {
      if (this.isOver) return false;
      const piece = next();
      if (piece === undefined) return true;
      // One turn of the loop at least: a socket that takes everything would leave no time for anything else.
      if (this.socket.write(piece)) await new Promise(setImmediate);
      else await Promise.race([once(this.socket, "drain").catch(() => undefined), this.told]);
    }
  }

  #heard(chunk: Buffer): void {
    this.#status ??= /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString("latin1"))?.[1];
  }

  #telling(): string {
    if (this.#status !== undefined) return this.#status;
    if (this.#isGivenUp) return left;
    return this.#error === undefined ? closed : cut;
  }
}
