/**
 * The floor of everything that limits: a counter and a ring of waiters, as one would write it by hand. No bound, no
 * cancelling, no timeout, no weights; waiters hand over in order.
 */
export class BareSemaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(slots: number) {
    this.#free = slots;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    const waiter = this.#waiting[this.#next];
    if (waiter === undefined) {
      this.#free += 1;
    } else {
      this.#next += 1;
      if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0;
      waiter();
    }
  }
}
