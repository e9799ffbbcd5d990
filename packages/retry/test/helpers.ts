import type { Attributes, Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { constant, Retry, type RetryEvents, type RetryOptions } from "@breakwater/retry";
import { vi, type MockInstance } from "vitest";

/** Three attempts, 100 ms apart, without a budget, unless told otherwise, on a clock that the test moves. */
export function makeRetry<Result = unknown>(options: RetryOptions<Result> = {}): { retry: Retry<Result>; clock: ManualClock } {
  const clock = new ManualClock(1_000);
  const backoff = constant({ delayMs: 100, jitter: "none" });
  return { retry: new Retry<Result>({ backoff, budget: false, clock, ...options }), clock };
}

export interface Tries {
  (): Promise<string>;
  count: number;
}

/** Work that rejects with these, one after the other, and then answers "done". */
export function failing(...errors: readonly unknown[]): Tries {
  const work: Tries = Object.assign(
    () => {
      const index = work.count;
      work.count += 1;
      return index < errors.length ? Promise.reject(errors[index]) : Promise.resolve("done");
    },
    { count: 0 },
  );
  return work;
}

/** Work that always rejects with this. */
export function broken(error: unknown): Tries {
  const work: Tries = Object.assign(
    () => {
      work.count += 1;
      return Promise.reject(error);
    },
    { count: 0 },
  );
  return work;
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

/** What comes of it once so much time has passed. */
export async function after<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const settling = Promise.allSettled([promise]);
  await clock.advanceAsync(ms);
  const [result] = await settling;
  return result;
}

/** All events of one type, as they come. */
export function eventsOf<Type extends keyof RetryEvents>(retry: Retry<never>, type: Type): RetryEvents[Type][] {
  const seen: RetryEvents[Type][] = [];
  retry.on(type, (event) => seen.push(event));
  return seen;
}

export function catchWarnings(): MockInstance<typeof process.emitWarning> {
  return vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keeps counters as text and number, and the readers of gauges. */
export class FakeMeter implements Meter {
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly gauges: Map<string, () => number> = new Map<string, () => number>();

  counter(name: string, { attributes = {} }: { attributes?: Attributes | undefined } = {}): { add(amount: number): void } {
    const key = `${name} ${JSON.stringify(attributes)}`;
    return { add: (amount) => this.counts.set(key, (this.counts.get(key) ?? 0) + amount) };
  }

  histogram(): { record(): void } {
    return { record: () => undefined };
  }

  gauge(name: string, read: () => number, { attributes = {} }: { attributes?: Attributes | undefined } = {}): () => void {
    this.gauges.set(`${name} ${JSON.stringify(attributes)}`, read);
    return () => undefined;
  }
}

/** Counts the listeners of a signal, from now on. */
export function countListeners(signal: AbortSignal): { readonly most: number; readonly left: number } {
  const counts = { most: 0, left: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const listening = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    listening.add(args[1]);
    counts.left = listening.size;
    counts.most = Math.max(counts.most, counts.left);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    listening.delete(args[1]);
    counts.left = listening.size;
    remove(...args);
  };
  return counts;
}
