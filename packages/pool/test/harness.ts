import { Pool, type CreateContext, type PoolOptions } from "@breakwater/pool";
import { ManualClock, settled } from "@breakwater/core/testing";

export interface Pending<T> {
  readonly settle: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/** What became of a promise, readable without waiting for it. */
export interface Fate<T> {
  state: "pending" | "ok" | "failed";
  value?: T;
  error?: unknown;
}

export function fateOf<T>(promise: Promise<T>): Fate<T> {
  const fate: Fate<T> = { state: "pending" };
  promise.then(
    (value) => Object.assign(fate, { state: "ok", value }),
    (error: unknown) => Object.assign(fate, { state: "failed", error }),
  );
  return fate;
}

/** A pool of numbers 1, 2, 3..., whose creates the test settles by hand. */
export class Bench {
  readonly clock: ManualClock = new ManualClock(1_000);
  readonly creates: (Pending<number> & CreateContext)[] = [];
  readonly destroyed: number[] = [];
  readonly pool: Pool<number>;
  made = 0;

  constructor(options: Partial<PoolOptions<number>> = {}) {
    this.pool = new Pool<number>({
      create: (context) =>
        new Promise((settle, fail) => {
          this.creates.push({
            settle,
            fail,
            broken: context.broken,
            get signal() {
              return context.signal;
            },
          });
        }),
      destroy: (resource) => void this.destroyed.push(resource),
      clock: this.clock,
      random: () => 0,
      validateAfterMs: 0,
      maxConnecting: Infinity,
      ...options,
    });
  }

  /** Lets the oldest create in flight bring the next number. */
  async supply(): Promise<void> {
    this.creates.shift()?.settle(++this.made);
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.creates.shift()?.fail(error);
    await settled();
  }
}

/** A pool whose creates answer at once with 1, 2, 3... */
export function instant(options: Partial<PoolOptions<number>> = {}): Bench {
  const bench: Bench = new Bench({ create: () => ++bench.made, ...options });
  return bench;
}
