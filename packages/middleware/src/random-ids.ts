/** Fills the bytes with random ones and returns them, as `crypto.getRandomValues` does. */
export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => unknown;

// Asking the platform costs the same for 24 bytes as for thousands, and more than all the rest of a trace context.
const batchBytes = 2048;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Random ids in lower-case hex, from bytes that are asked for in batches and used once.
 *
 * @param fill - default `crypto.getRandomValues`; it must be good for 2048 bytes at once
 */
export class RandomIds {
  readonly #fill: FillRandom;
  readonly #bytes = new Uint8Array(batchBytes);
  #used = batchBytes;

  constructor(fill: FillRandom = (bytes) => crypto.getRandomValues(bytes)) {
    this.#fill = fill;
  }

  /** An id of so many bytes, at most 2048; never all zeros, which stands for no id. */
  next(bytes: number): string {
    if (this.#used + bytes > batchBytes) this.#refill();
    let id = "";
    let bits = 0;
    for (const end = this.#used + bytes; this.#used < end; this.#used += 1) {
      const byte = this.#bytes[this.#used] ?? 0; // never outside: it was refilled
      bits |= byte;
      id += hex[byte] ?? "";
    }
    // Not drawn again: a source that is broken would be asked for ever.
    return bits === 0 ? `${id.slice(0, -1)}1` : id;
  }

  // A source that throws leaves nothing behind that could be given out twice.
  #refill(): void {
    this.#used = batchBytes;
    this.#fill(this.#bytes);
    this.#used = 0;
  }
}
