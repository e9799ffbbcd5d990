import { warn } from "@breakwater/core";
import type { Home } from "./family.ts";

/**
 * A gauge read by callback, when somebody looks.
 *
 * Two objects without a name of their own share one series, and their counters add up in it; so do the readers here.
 * The series is there while anybody reads for it.
 */
export class ObservedGaugeSeries {
  readonly #home: Pick<Home, "remove">;
  readonly #readers = new Set<Reader>();

  constructor(home: Pick<Home, "remove">) {
    this.#home = home;
  }

  /** The sum of what all readers say; NaN when one of them throws or answers with no number; undefined without readers. */
  get value(): number | undefined {
    if (this.#readers.size === 0) return undefined;
    let sum = 0;
    for (const reader of this.#readers) sum += reader.read();
    return sum;
  }

  /** Returns the function that stops it, harmless to call again. */
  observe(read: () => number): () => void {
    const reader = new Reader(read);
    this.#readers.add(reader);
    return () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) this.#home.remove();
    };
  }
}

class Reader {
  readonly #read: () => number;
  #hasWarned = false;

  constructor(read: () => number) {
    this.#read = read;
  }

  // A reader that throws must not take the other series' answers with it; one warning is enough for all scrapes.
  read(): number {
    try {
      const value: unknown = this.#read();
      return typeof value === "number" ? value : NaN;
    } catch (error) {
      if (!this.#hasWarned) warn(error);
      this.#hasWarned = true;
      return NaN;
    }
  }
}
