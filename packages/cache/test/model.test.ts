import { Cache } from "@breakwater/cache";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { deferred, type Deferred } from "./helpers.ts";

/**
 * A naive model of what may be answered. It remembers all that ever happened, in order, and knows nothing of entries and flights: a
 * value is good if it belongs to the key, is not older than the last write before the question, and is not too old.
 */
const [ttlMs, staleWhileRevalidateMs, staleIfErrorMs] = [100, 50, 300];
const keys = ["a", "__proto__"] as const;
type Key = (typeof keys)[number];

interface Made {
  readonly key: Key;
  readonly at: number;
  /** When the load began that made it, or when it was set, in steps. */
  readonly since: number;
}

interface Load extends Deferred<number> {
  readonly key: Key;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  isSettled: boolean;
}

interface Question {
  readonly key: Key;
  readonly at: number;
  /** The last set, delete or clear before it, in steps. */
  readonly lastWrite: number;
  readonly abort: AbortController | undefined;
  readonly answer: Promise<unknown>;
}

class World {
  readonly clock = new ManualClock(1_000);
  readonly cache = new Cache<Key, number>({ ttlMs, staleWhileRevalidateMs, staleIfErrorMs, refreshBackoffMs: 30, jitterRatio: 0, clock: this.clock, load: (key, call) => this.#load(key, call.signal) });
  readonly loads: Load[] = [];
  readonly questions: Question[] = [];
  readonly made = new Map<number, Made>();
  readonly failures: { readonly key: Key; readonly at: number }[] = [];
  readonly #writes: Record<string, number> = Object.create(null) as Record<string, number>; // a plain object has no `__proto__`
  /** The value that must be kept now. */
  readonly #kept = new Map<Key, number>();
  #step = 0;
  #next = 0;
  #asked = 0;

  #load(key: Key, signal: AbortSignal | undefined): Promise<number> {
    const live = this.loads.filter((load) => load.key === key && !load.isSettled && load.signal?.aborted !== true && load.since > this.#lastWrite(key));
    expect(live, "one load of a key at a time").toHaveLength(0);
    const load = { ...deferred<number>(), key, since: this.#step, signal, isSettled: false };
    this.loads.push(load);
    return load.promise;
  }

  #lastWrite(key: Key): number {
    return this.#writes[key] ?? 0;
  }

  async get(key: Key, canLeave: boolean, timeoutMs: number): Promise<void> {
    this.#step += 1;
    const now = this.clock.now();
    const abort = canLeave ? new AbortController() : undefined;
    const begun = this.loads.length;
    const answer = this.cache.get(key, { signal: abort?.signal, ...(timeoutMs === 0 ? {} : { deadlineAt: now + timeoutMs }) }).then(
      (value) => this.#judge(question, value),
      (error: unknown) => this.#judgeError(question, error),
    );
    const question: Question = { key, at: now, lastWrite: this.#lastWrite(key), abort, answer };
    this.#asked += 1;
    this.questions.push(question);
    const kept = this.#kept.get(key);
    const made = kept === undefined ? undefined : this.made.get(kept);
    if (made === undefined || now - made.at >= ttlMs) return;
    expect(this.loads, "what is fresh is not loaded").toHaveLength(begun);
    expect(await answer).toBe(kept);
  }

  #judge({ key, at, lastWrite }: Question, value: number): number {
    const made = this.made.get(value);
    expect(made?.key).toBe(key);
    if (made === undefined) return value;
    expect(made.since, "no value from before the last write").toBeGreaterThanOrEqual(lastWrite);
    const age = at - made.at;
    expect(age).toBeLessThan(ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs));
    if (age >= ttlMs + staleWhileRevalidateMs) expect(this.failures.some((failure) => failure.key === key && failure.at >= made.at)).toBe(true);
    return value;
  }

  #judgeError({ key, at, abort }: Question, error: unknown): unknown {
    if (error === "left") expect(abort?.signal.aborted).toBe(true);
    else if (error === "down") expect(this.failures.some((failure) => failure.key === key && failure.at >= at)).toBe(true);
    else expect(error).toMatchObject({ code: "ERR_CACHE_TIMEOUT" });
    return error;
  }

  async settle(index: number, isGood: boolean): Promise<void> {
    const open = this.loads.filter(({ isSettled }) => !isSettled);
    const load = open[index % Math.max(open.length, 1)];
    if (load === undefined) return;
    load.isSettled = true;
    const { key, since } = load;
    const isHeard = load.signal?.aborted !== true;
    if (!isGood) {
      if (isHeard) this.failures.push({ key, at: this.clock.now() });
      load.reject("down");
    } else {
      const value = (this.#next += 1);
      this.made.set(value, { key, at: this.clock.now(), since });
      if (isHeard && since > this.#lastWrite(key)) this.#kept.set(key, value);
      load.resolve(value);
    }
    await settled();
  }

  set(key: Key): void {
    const value = (this.#next += 1);
    this.#write(key);
    this.made.set(value, { key, at: this.clock.now(), since: this.#step });
    this.#kept.set(key, value);
    this.cache.set(key, value);
  }

  delete(key: Key): void {
    this.#write(key);
    this.cache.delete(key);
    expect(this.cache.peek(key)).toBeUndefined();
  }

  #write(key: Key): void {
    this.#step += 1;
    this.#writes[key] = this.#step;
    this.#kept.delete(key);
  }

  async leave(index: number): Promise<void> {
    this.questions[index % Math.max(this.questions.length, 1)]?.abort?.abort("left");
    await settled();
  }

  async end(): Promise<void> {
    while (this.loads.some(({ isSettled }) => !isSettled)) await this.settle(0, true);
    await Promise.all(this.questions.map(({ answer }) => answer));
    const { hits, stale, misses, loads, inFlight } = this.cache.stats;
    expect({ asked: hits + stale + misses, loads, inFlight }).toEqual({ asked: this.#asked, loads: this.loads.length, inFlight: 0 });
    expect(this.clock.pendingTimers).toBe(0);
  }
}

const key = fc.constantFrom(...keys);
const command = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, fc.boolean(), fc.constantFrom(0, 0, 40)).map(([of, canLeave, timeoutMs]) => (world: World) => world.get(of, canLeave, timeoutMs)) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(5), fc.boolean()).map(([index, isGood]) => (world: World) => world.settle(index, isGood)) },
  { weight: 3, arbitrary: fc.constantFrom(1, 20, 49, 100, 150).map((ms) => (world: World) => world.clock.advanceAsync(ms)) },
  { weight: 1, arbitrary: key.map((of) => (world: World) => world.set(of)) },
  { weight: 1, arbitrary: key.map((of) => (world: World) => world.delete(of)) },
  { weight: 1, arbitrary: fc.nat(20).map((index) => (world: World) => world.leave(index)) },
);

it("whatever happens in whatever order, only what may be answered is answered, and nobody is left waiting", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
      const world = new World();
      for (const run of commands) await run(world);
      await world.end();
    }),
    { numRuns: 150 },
  );
});
