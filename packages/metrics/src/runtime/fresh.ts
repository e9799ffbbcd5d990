/**
 * A reading that is taken when somebody looks and serves until it expires: one scrape reads many gauges of one reading,
 * and somebody may scrape every few ms. Not by the clock, which would be asked more often than what is read.
 */
export class Fresh<Reading> {
  readonly #read: () => Reading;
  #last: { readonly reading: Reading } | undefined = undefined;

  constructor(read: () => Reading) {
    this.#read = read;
  }

  get value(): Reading {
    this.#last ??= { reading: this.#read() };
    return this.#last.reading;
  }

  expire(): void {
    this.#last = undefined;
  }
}
