import type { Home } from "./family.ts";

/** Facts that do not change while the process runs, such as its version; they stand in the attributes, the value is 1. */
export interface BoundInfo {
  /** Takes the series out of the registry. Harmless to call again. */
  remove(): void;
}

export class InfoSeries implements BoundInfo {
  readonly value = 1;
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
  }

  remove(): void {
    this.#home.remove();
  }
}
