const everyMs = 200;

/** One line on standard error that says where things are; silent where standard error is no terminal. */
export class StatusLine {
  readonly #text: () => string;
  readonly #stream: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;

  constructor(text: () => string, stream: NodeJS.WriteStream = process.stderr) {
    this.#text = text;
    this.#stream = stream;
  }

  start(): void {
    if (this.#stream.isTTY) this.#timer = setInterval(() => this.#stream.write(`\r\u001b[K  ${this.#text()}`), everyMs);
  }

  /** Removes the line. */
  clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#stream.write("\r\u001b[K");
  }
}
