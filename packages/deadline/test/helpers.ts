import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Deadline, Timeout, type DeadlineOptions, type TimeoutOptions } from "@breakwater/deadline";

/** What became of a promise, readable without waiting for it. */
export interface Watched<T> {
  status: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
}

export function watch<T>(promise: PromiseLike<T>): Watched<T> {
  const watched: Watched<T> = { status: "pending" };
  promise.then(
    (value) => Object.assign(watched, { status: "fulfilled", value }),
    (error: unknown) => Object.assign(watched, { status: "rejected", error }),
  );
  return watched;
}

/** Counts the listeners of a signal, from now on. */
export function countListeners(signal: AbortSignal): { readonly most: number; readonly left: number } {
  const counts = { most: 0, left: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    counts.left += 1;
    counts.most = Math.max(counts.most, counts.left);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    counts.left -= 1;
    remove(...args);
  };
  return counts;
}

export function makeTimeout<Result = unknown>(options: Partial<TimeoutOptions<Result>> = {}): { readonly clock: ManualClock; readonly timeout: Timeout<Result> } {
  const clock = new ManualClock(1_000);
  return { clock, timeout: new Timeout<Result>({ timeoutMs: 100, clock, ...options }) };
}

export function makeDeadline<Result = unknown>(options: DeadlineOptions<Result> = {}): { readonly clock: ManualClock; readonly deadline: Deadline<Result> } {
  const clock = new ManualClock(1_000);
  return { clock, deadline: new Deadline<Result>({ clock, ...options }) };
}

/** Work that ends when the test says so, and remembers the call that it was given. */
export class Held<T> {
  call: Call = {};
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  readonly work = (call: Call): Promise<T> => {
    this.call = call;
    return new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  };

  get signal(): AbortSignal {
    if (this.call.signal === undefined) throw new Error("the work got no signal");
    return this.call.signal;
  }
}

/** Work that takes so long, and lets go as soon as its signal aborts. */
export function obedient<T>(clock: ManualClock, ms: number, value: T): (call: Call) => Promise<T> {
  return ({ signal }) =>
    new Promise<T>((resolve, reject) => {
      const timer = clock.setTimer(() => {
        signal?.removeEventListener("abort", stop);
        resolve(value);
      }, ms);
      const stop = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    });
}

/** Work that takes so long, whatever anybody says. */
export function deaf<T>(clock: ManualClock, ms: number, value: T): () => Promise<T> {
  return () => new Promise<T>((resolve) => clock.setTimer(() => resolve(value), ms));
}
