import { Cache, type CacheOptions } from "@breakwater/cache";
import type { Attributes, Call, Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { vi } from "vitest";

/** A promise with its ends outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = unknown>(): Deferred<T> {
  let resolve!: (value: T) => void; // both are set by the executor, which runs at once
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** One load that is under way, for the test to end. */
export interface Begun<K = string, V = unknown> extends Deferred<V> {
  readonly key: K;
  readonly call: Call;
}

/** Fresh for 100 ms without jitter, on a clock that the test moves, with loads that the test ends. */
export function makeCache<V = unknown, K = string>(options: Partial<CacheOptions<K, V>> = {}): {
  cache: Cache<K, V>;
  clock: ManualClock;
  begun: Begun<K, V>[];
} {
  const clock = new ManualClock(1_000);
  const begun: Begun<K, V>[] = [];
  const load = (key: K, call: Call): Promise<V> => {
    const end = deferred<V>();
    begun.push({ ...end, key, call });
    return end.promise;
  };
  return { cache: new Cache<K, V>({ load, ttlMs: 100, jitterRatio: 0, clock, ...options }), clock, begun };
}

/** The newest of those begun. */
export function last<T>(begun: readonly T[]): T {
  const newest = begun.at(-1);
  if (newest === undefined) throw new Error("nothing was begun");
  return newest;
}

export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** A promise's state without waiting for it. */
export async function peekAt(promise: Promise<unknown>): Promise<"pending" | "resolved" | "rejected"> {
  const pending = Symbol("pending");
  return Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? "pending" : "resolved"),
    () => "rejected",
  );
}

/** Process warnings, caught instead of printed. */
export function catchWarnings(): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
  return warnings;
}

/** Counts as `name|outcome`. */
export function recordingMeter(): { meter: Meter; counts: Record<string, number>; gauges: Record<string, () => number> } {
  const counts: Record<string, number> = {};
  const gauges: Record<string, () => number> = {};
  const meter: Meter = {
    counter: (name, { attributes } = {}) => ({
      add: (amount) => {
        const series = [name, ...outcomeIn(attributes)].join("|");
        counts[series] = (counts[series] ?? 0) + amount;
      },
    }),
    histogram: () => ({ record: () => undefined }),
    gauge: (name, read) => {
      gauges[name] = read;
      return () => undefined;
    },
  };
  return { meter, counts, gauges };
}

function outcomeIn(attributes: Attributes = {}): string[] {
  return attributes.outcome === undefined ? [] : [String(attributes.outcome)];
}
