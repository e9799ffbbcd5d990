import type { Attributes, Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Breaker, consecutiveFailures, type BreakerOptions, type BreakerPermit } from "@breakwater/breaker";
import { vi, type MockInstance } from "vitest";

export function times(count: number, action: () => void): void {
  for (let i = 0; i < count; i += 1) action();
}

/** A promise with its ends outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
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

/** Breaks for 100 ms at the first failure, unless told otherwise, on a clock that the test moves. */
export function makeBreaker(options: BreakerOptions = {}): { breaker: Breaker; clock: ManualClock } {
  const clock = new ManualClock(1_000);
  return { breaker: new Breaker({ trip: consecutiveFailures(1), breakMs: 100, clock, ...options }), clock };
}

/** A permit that the test expects to get. */
export function acquire(breaker: Breaker): BreakerPermit {
  const permit = breaker.tryAcquire();
  if (permit === undefined) throw new Error(`refused while ${breaker.state}`);
  return permit;
}

export function fail(breaker: Breaker, error?: unknown): void {
  acquire(breaker).failure(error);
}

export function succeed(breaker: Breaker): void {
  acquire(breaker).success();
}

/** Work that rejects with this, whatever it is. */
export function rejecting(error: unknown): () => Promise<never> {
  return () => Promise.reject(error);
}

/** Work that throws this before there is a promise, whatever it is. */
export function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
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

/** The names of the state changes, in order. */
export function transitionsOf(breaker: Breaker): string[] {
  const seen: string[] = [];
  for (const type of ["opened", "halfOpened", "closed"] as const) breaker.on(type, () => seen.push(type));
  return seen;
}

export function catchWarnings(): MockInstance<typeof process.emitWarning> {
  return vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
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
