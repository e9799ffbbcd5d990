const width = 32;
const everyMs = 50;

/** A bar on standard error while requests finish; silent where standard error is no terminal. */
export class Progress {
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  #done = 0;
  #drawnAt = -Infinity;

  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;
  }

  readonly step = (): void => {
    this.#done += 1;
    if (!this.#stream.isTTY) return;
    const now = performance.now();
    if (now - this.#drawnAt < everyMs && this.#done < this.#total) return;
    this.#drawnAt = now;
    const filled = Math.round((this.#done / this.#total) * width);
    this.#stream.write(`\r  ${"█".repeat(filled)}${"░".repeat(width - filled)} ${this.#done}/${this.#total}`);
  };

  /** Removes the bar. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
