/** A promise that is resolved once, from outside. */
export class Latch {
  readonly opened: Promise<void>;
  open!: () => void; // set by the executor, which runs at once

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
