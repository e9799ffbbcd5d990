import type { Attributes, Counter, Histogram, InstrumentOptions, Meter } from "@breakwater/core";
import { ConcurrencyLimiter, type ConcurrencyLimiterOptions, type Permit } from "@breakwater/limiter";

/** A promise with its ends outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void; // both are set by the executor, which runs at once
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A limiter of which everything is taken. */
export function fullLimiter(options: ConcurrencyLimiterOptions): { limiter: ConcurrencyLimiter; held: Permit[] } {
  const limiter = new ConcurrencyLimiter(options);
  const held: Permit[] = [];
  for (let permit = limiter.tryAcquire(); permit !== undefined; permit = limiter.tryAcquire()) held.push(permit);
  return { limiter, held };
}

/** What a promise has come to; `undefined` while it is pending. */
export interface Watched<T> {
  status: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { status: "pending" };
  promise.then(
    (value) => Object.assign(watched, { status: "fulfilled", value }),
    (error: unknown) => Object.assign(watched, { status: "rejected", error }),
  );
  return watched;
}

/** The error that it rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("expected a rejection");
    },
    (error: unknown) => error,
  );
}

/** Counts the listeners of a signal. */
export function countListeners(signal: AbortSignal): { readonly added: number; readonly left: number } {
  const counts = { added: 0, left: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    counts.added += 1;
    counts.left += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    counts.left -= 1;
    remove(...args);
  };
  return counts;
}

/** Keeps everything by name and attributes. */
export class FakeMeter implements Meter {
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly records: Map<string, number[]> = new Map<string, number[]>();
  readonly gauges: Map<string, () => number> = new Map<string, () => number>();

  counter(name: string, { attributes = {} }: InstrumentOptions = {}): Counter {
    const key = keyOf(name, attributes);
    return { add: (amount) => this.counts.set(key, (this.counts.get(key) ?? 0) + amount) };
  }

  histogram(name: string, { attributes = {} }: InstrumentOptions = {}): Histogram {
    const records: number[] = [];
    this.records.set(keyOf(name, attributes), records);
    return { record: (value) => records.push(value) };
  }

  gauge(name: string, read: () => number, { attributes = {} }: InstrumentOptions = {}): () => void {
    const key = keyOf(name, attributes);
    this.gauges.set(key, read);
    return () => this.gauges.delete(key);
  }
}

function keyOf(name: string, attributes: Attributes): string {
  return `${name} ${JSON.stringify(attributes)}`;
}
