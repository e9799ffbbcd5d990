import { Cache } from "@breakwater/cache";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { deferred, type Deferred } from "../helpers.ts";
import { FakeStore } from "./fake-store.ts";

/**
 * Two processes with one store that fails, hangs, and does or does not do what it failed to answer. The model remembers what was ever
 * made, and knows nothing of levels: an answer belongs to its key, is not too old, and not from before the last write to that key in
 * the process that asks. A load of the other process that is under way during that write nobody can detach. And each call is answered or has begun a load when the bounded wait is over.
 */
const [ttlMs, staleWhileRevalidateMs, staleIfErrorMs, timeoutMs] = [100, 50, 300, 20];
const longestMs = ttlMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs);
const keys = ["a", "b"] as const;
type Key = (typeof keys)[number];

interface Made {
  readonly key: Key;
  readonly at: number;
  /** The step of the set, or in which the load began that made it. */
  readonly since: number;
  readonly by: Process;
  readonly step: number;
}

interface Load extends Deferred<number> {
  readonly process: Process;
  readonly key: Key;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  isSettled: boolean;
}

class Process {
  readonly cache: Cache<Key, number>;
  /** The last write of this process for each key, in steps. */
  readonly writes: Record<Key, number> = { a: 0, b: 0 };

  constructor(clock: ManualClock, store: FakeStore, load: (process: Process, key: Key, signal: AbortSignal | undefined) => Promise<number>) {
    const secondLevel = { store, prefix: "p", timeoutMs, failureThreshold: 3, pauseMs: 200 };
    const staleness = { ttlMs, staleWhileRevalidateMs, staleIfErrorMs, refreshBackoffMs: 30, jitterRatio: 0 };
    this.cache = new Cache<Key, number>({ ...staleness, clock, secondLevel, load: (key, { signal }) => load(this, key, signal) });
  }
}

class World {
  readonly clock = new ManualClock(1_000);
  readonly store = new FakeStore(this.clock);
  readonly processes = [0, 1].map(() => new Process(this.clock, this.store, (process, key, signal) => this.#load(process, key, signal)));
  readonly loads: Load[] = [];
  readonly answers: Promise<unknown>[] = [];
  readonly aborts: AbortController[] = [];
  readonly made = new Map<number, Made>();
  #step = 0;
  #asked = 0;

  #load(process: Process, key: Key, signal: AbortSignal | undefined): Promise<number> {
    this.#step += 1;
    const load = { ...deferred<number>(), process, key, since: this.#step, signal, isSettled: false };
    this.loads.push(load);
    return load.promise;
  }

  get(process: Process, key: Key, canLeave: boolean): void {
    const at = this.clock.now();
    const lastWrite = process.writes[key];
    const abort = new AbortController();
    this.aborts.push(abort);
    this.#asked += 1;
    const answer = process.cache.get(key, canLeave ? { signal: abort.signal } : {}).then(
      (value) => {
        const made = this.made.get(value);
        expect(made?.key).toBe(key);
        if (made === undefined) return;
        expect(at - made.at, "not too old").toBeLessThan(longestMs);
        expect(made.by === process ? made.since : made.step, "not from before the last write").toBeGreaterThanOrEqual(lastWrite);
      },
      (error: unknown) => expect(["down", "left"], "the store's failure is nobody's").toContain(error),
    );
    this.answers.push(answer);
  }

  async settle(index: number, isGood: boolean): Promise<void> {
    const open = this.loads.filter(({ isSettled }) => !isSettled);
    const load = open[index % Math.max(open.length, 1)];
    if (load === undefined) return;
    load.isSettled = true;
    this.#step += 1;
    if (isGood) load.resolve(this.#make(load.process, load.key, load.since));
    else load.reject("down");
    await settled();
  }

  #make(by: Process, key: Key, since: number): number {
    const value = this.made.size + 1;
    this.made.set(value, { key, at: this.clock.now(), since, by, step: this.#step });
    return value;
  }

  write(process: Process, key: Key, isSet: boolean): void {
    this.#step += 1;
    process.writes[key] = this.#step;
    if (isSet) process.cache.set(key, this.#make(process, key, this.#step));
    else process.cache.delete(key);
  }

  clear(process: Process): void {
    this.#step += 1;
    for (const key of keys) process.writes[key] = this.#step;
    process.cache.clear();
  }

  async leave(index: number): Promise<void> {
    this.aborts[index % Math.max(this.aborts.length, 1)]?.abort("left");
    await settled();
  }

  async end(): Promise<void> {
    await this.clock.advanceAsync(2 * timeoutMs); // no look takes longer
    while (this.loads.some(({ isSettled }) => !isSettled)) await this.settle(0, true);
    await Promise.all(this.answers);
    await this.clock.advanceAsync(2 * timeoutMs);
    await Promise.all(this.processes.map(({ cache }) => cache.idle()));
    const all = this.processes.map(({ cache }) => cache.stats);
    expect(all.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
    expect(all.reduce((sum, { hits, stale, misses }) => sum + hits + stale + misses, 0)).toBe(this.#asked);
    expect(all.reduce((sum, { loads }) => sum + loads, 0)).toBe(this.loads.length);
    expect(this.clock.pendingTimers).toBe(0);
  }
}

type Command = (world: World) => unknown;
const where = fc.tuple(fc.nat(1), fc.constantFrom(...keys));
const at = (run: (world: World, process: Process, key: Key) => unknown): fc.Arbitrary<Command> =>
  where.map(([index, key]) => (world) => run(world, world.processes[index] ?? fail(), key));

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: at((world, process, key) => world.get(process, key, false)) },
  { weight: 4, arbitrary: at((world, process, key) => world.get(process, key, true)) },
  { weight: 4, arbitrary: fc.constant<Command>(() => settled()) },
  { weight: 4, arbitrary: fc.tuple(fc.nat(5), fc.boolean()).map(([index, isGood]): Command => (world) => world.settle(index, isGood)) },
  { weight: 3, arbitrary: fc.constantFrom(1, 10, 20, 49, 100, 150).map((ms): Command => (world) => world.clock.advanceAsync(ms)) },
  { weight: 2, arbitrary: at((world, process, key) => world.write(process, key, true)) },
  { weight: 2, arbitrary: at((world, process, key) => world.write(process, key, false)) },
  { weight: 1, arbitrary: fc.nat(1).map((index): Command => (world) => world.clear(world.processes[index] ?? fail())) },
  { weight: 1, arbitrary: fc.nat(20).map((index): Command => (world) => world.leave(index)) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("up" as const, "up" as const, "down" as const, "hangs" as const), fc.boolean()).map(
      ([mode, isDoneAnyway]): Command => (world) => Object.assign(world.store, { mode, isDoneAnyway }),
    ),
  },
);

it("with two processes and a store that fails in any way only what may be answered is answered, and nobody is left waiting", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
      const world = new World();
      for (const run of commands) await run(world);
      await world.end();
    }),
    { numRuns: 200 },
  );
});

function fail(): never {
  throw new Error("bug: there are two processes");
}
