import { ManualClock, settled } from "@breakwater/core/testing";
import { ConcurrencyLimiter, LimiterRejectedError, type Permit } from "@breakwater/limiter";
import fc from "fast-check";
import { expect, it } from "vitest";
import { countListeners } from "./helpers.ts";

interface Asked {
  readonly weight: number;
  readonly timeoutMs: number;
  /** From now. */
  readonly deadlineMs: number;
  readonly signal: number | undefined;
}

type Step =
  | ({ readonly type: "acquire" } & Asked)
  | { readonly type: "tryAcquire"; readonly weight: number }
  /** Of any permit that there ever was, so some are released twice. */
  | { readonly type: "release"; readonly index: number }
  | { readonly type: "abort"; readonly signal: number }
  | { readonly type: "resize"; readonly limit: number }
  /** Time passes with its timers, or without them, as when the event loop is blocked. */
  | { readonly type: "advance" | "jump"; readonly ms: number }
  | { readonly type: "close" | "settle" };

const weight = fc.integer({ min: 1, max: 4 });
const duration = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 12 }));
const signals = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant("acquire"),
      weight,
      timeoutMs: duration,
      deadlineMs: duration,
      signal: fc.option(signals, { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("tryAcquire"), weight }) },
  { weight: 9, arbitrary: fc.record({ type: fc.constant("release"), index: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("abort"), signal: signals }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("resize"), limit: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("advance", "jump"), ms: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("settle") }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((n): Step => ({ type: n === 0 ? "close" : "settle" })) },
);

interface Waiting {
  readonly id: number;
  readonly weight: number;
  readonly endsAt: number;
  readonly endsBy: string;
  readonly signal: number | undefined;
}

/** Naive: one array, searched from the front. `outcomes[id]` is what became of an acquire. */
class Oracle {
  now = 0;
  inUse = 0;
  granted = 0;
  isClosed = false;
  line: Waiting[] = [];
  /** Those that had to wait, in the order in which they were served. */
  readonly served: number[] = [];
  readonly outcomes = new Map<number, string>();
  limit: number;
  readonly #queueLimit: number;

  constructor(limit: number, queueLimit: number) {
    this.limit = limit;
    this.#queueLimit = queueLimit;
  }

  tryTake(weight: number): boolean {
    if (this.inUse < this.limit) this.serve();
    if (this.isClosed || this.line.length > 0 || this.inUse + weight > this.limit) return false;
    this.inUse += weight;
    this.granted += 1;
    return true;
  }

  acquire(id: number, { weight, timeoutMs, deadlineMs, signal }: Asked): void {
    const [timeoutAt, deadlineAt] = [this.now + timeoutMs, this.now + deadlineMs];
    const endsBy = deadlineAt < timeoutAt ? "deadline" : "timeout";
    const endsAt = Math.min(timeoutAt, deadlineAt);
    if (deadlineMs === 0) this.outcomes.set(id, "deadline");
    else if (this.tryTake(weight)) this.outcomes.set(id, "granted");
    else if (this.isClosed) this.outcomes.set(id, "closed");
    else if (this.limit > 0 && weight > this.limit) this.outcomes.set(id, "too-heavy");
    else if (this.line.length >= this.#queueLimit) this.outcomes.set(id, "queue-full");
    else if (endsAt <= this.now) this.outcomes.set(id, endsBy);
    else this.line.push({ id, weight, endsAt, endsBy, signal });
  }

  release(weight: number): void {
    this.inUse -= weight;
    this.serve();
  }

  resize(limit: number): void {
    this.limit = limit;
    this.serve();
  }

  abort(signal: number): void {
    // One that is late as well may hear of either first.
    this.#drop((waiter) => waiter.signal === signal, (waiter) => (waiter.endsAt <= this.now ? "late or aborted" : "aborted"));
  }

  advance(ms: number): void {
    const isLate = (waiter: Waiting): boolean => waiter.endsAt <= this.now;
    this.#drop(isLate, ({ endsBy }) => endsBy);
    for (let i = 0; i < ms; i += 1) {
      this.now += 1;
      this.#drop(isLate, ({ endsBy }) => endsBy);
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#drop(() => true, ({ endsAt, endsBy }) => (endsAt <= this.now ? endsBy : "closed"));
  }

  serve(): void {
    for (let head = this.line[0]; head !== undefined; head = this.line[0]) {
      const { id, weight, endsAt, endsBy } = head;
      if (endsAt <= this.now) this.outcomes.set(id, endsBy);
      else if (this.limit > 0 && weight > this.limit) this.outcomes.set(id, "too-heavy");
      else if (this.inUse + weight > this.limit) return;
      else {
        this.inUse += weight;
        this.granted += 1;
        this.served.push(id);
        this.outcomes.set(id, "granted");
      }
      this.line = this.line.slice(1);
    }
  }

  #drop(isGone: (waiter: Waiting) => boolean, why: (waiter: Waiting) => string): void {
    const gone = this.line.filter(isGone);
    for (const waiter of gone) this.outcomes.set(waiter.id, why(waiter));
    this.line = this.line.filter((waiter) => !isGone(waiter));
    if (gone.length > 0) this.serve();
  }
}

/** Does the same things to the limiter and to the oracle. */
class Pair {
  readonly clock = new ManualClock(0);
  readonly limiter: ConcurrencyLimiter;
  readonly oracle: Oracle;
  readonly outcomes = new Map<number, string>();
  readonly served: number[] = [];
  readonly permits: { readonly permit: Permit; isOut: boolean }[] = [];
  readonly listeners: { readonly left: number }[] = [];
  readonly controllers = [0, 1, 2].map(() => this.#newController());
  refused = 0;
  asked = 0;

  constructor(limit: number, queueLimit: number) {
    this.limiter = new ConcurrencyLimiter({ limit, queueLimit, clock: this.clock });
    this.oracle = new Oracle(limit, queueLimit);
  }

  async apply(given: Step): Promise<void> {
    const before = this.limiter.stats.granted;
    this.#act(given);
    const { limit, inUse, waiting, granted } = this.limiter.stats;
    const { oracle } = this;
    const expected = { limit: oracle.limit, inUse: oracle.inUse, waiting: oracle.line.length, granted: oracle.granted };
    expect({ limit, inUse, waiting, granted }).toEqual(expected);
    if (granted > before) expect(inUse).toBeLessThanOrEqual(limit);
    if (given.type === "settle") await this.compare();
  }

  /** Everybody who is not in line knows what became of it. */
  async compare(): Promise<void> {
    await settled();
    for (const [id, expected] of this.oracle.outcomes) {
      const outcome = this.outcomes.get(id);
      if (expected === "late or aborted") expect(["aborted", "timeout", "deadline"]).toContain(outcome);
      else expect(`${id} ${outcome}`).toBe(`${id} ${expected}`);
    }
    expect(this.outcomes.size + this.oracle.line.length).toBe(this.asked);
    expect(this.served).toEqual(this.oracle.served);
    const { inUse, granted, rejected } = this.limiter.stats;
    const out = this.permits.filter(({ isOut }) => isOut).reduce((sum, { permit }) => sum + permit.weight, 0);
    expect({ inUse, granted, rejected }).toEqual({ inUse: out, granted: this.permits.length, rejected: this.refused });
  }

  #act(given: Step): void {
    const { clock, limiter, oracle } = this;
    if (given.type === "acquire") this.#acquire(given);
    else if (given.type === "tryAcquire") this.#tryAcquire(given.weight);
    else if (given.type === "release") this.release(given.index);
    else if (given.type === "abort") this.#abort(given.signal);
    else if (given.type === "resize") {
      // The same limit again is no change.
      if (given.limit !== oracle.limit) oracle.resize(given.limit);
      limiter.resize(given.limit);
    } else if (given.type === "advance") {
      oracle.advance(given.ms);
      clock.advance(given.ms);
    } else if (given.type === "jump") {
      oracle.now += given.ms;
      clock.jump(given.ms);
    } else if (given.type === "close") {
      oracle.close();
      limiter.close();
    }
  }

  #acquire(asked: Asked): void {
    const id = this.asked;
    this.asked += 1;
    this.oracle.acquire(id, asked);
    const hasWaited = this.oracle.line.at(-1)?.id === id;
    const signal = asked.signal === undefined ? undefined : this.controllers[asked.signal]?.signal;
    const deadlineAt = asked.deadlineMs === Infinity ? undefined : this.clock.now() + asked.deadlineMs;
    this.limiter.acquire({ weight: asked.weight, timeoutMs: asked.timeoutMs, deadlineAt, signal }).then(
      (permit) => {
        expect(permit.weight).toBe(asked.weight);
        this.permits.push({ permit, isOut: true });
        if (hasWaited) this.served.push(id);
        this.outcomes.set(id, "granted");
      },
      (error: unknown) => {
        if (error instanceof LimiterRejectedError) this.refused += 1;
        this.outcomes.set(id, error instanceof LimiterRejectedError ? error.reason : "aborted");
      },
    );
  }

  #tryAcquire(weight: number): void {
    const isTaken = this.oracle.tryTake(weight);
    const permit = this.limiter.tryAcquire({ weight });
    expect(permit !== undefined).toBe(isTaken);
    if (permit !== undefined) this.permits.push({ permit, isOut: true });
  }

  release(index: number): void {
    const held = this.permits[index % Math.max(this.permits.length, 1)];
    if (held === undefined) return;
    if (held.isOut) this.oracle.release(held.permit.weight);
    held.isOut = false;
    held.permit.release(index % 2 === 0 ? "success" : "failure");
  }

  #abort(signal: number): void {
    const controller = this.controllers[signal];
    this.controllers[signal] = this.#newController();
    this.oracle.abort(signal);
    controller?.abort("aborted");
  }

  #newController(): AbortController {
    const controller = new AbortController();
    this.listeners.push(countListeners(controller.signal));
    return controller;
  }
}

it("whatever happens, permits are conserved, the order is kept, and everybody settles as a naive oracle says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5 }),
      fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 6 })),
      fc.array(step, { maxLength: 60, size: "max" }),
      async (limit, queueLimit, steps) => {
        const pair = new Pair(limit, queueLimit);
        for (const given of steps) await pair.apply(given);
        await pair.compare();
        await pair.apply({ type: "resize", limit: 5 });
        for (let round = 0; round <= steps.length; round += 1) {
          await pair.compare();
          for (let index = 0; index < pair.permits.length; index += 1) pair.release(index);
        }
        await pair.compare();
        await pair.limiter.idle();
        expect(pair.limiter.stats).toMatchObject({ inUse: 0, waiting: 0 });
        expect(pair.outcomes.size).toBe(pair.asked);
        expect(pair.clock.pendingTimers).toBe(0);
        expect(pair.listeners.map(({ left }) => left)).toEqual(pair.listeners.map(() => 0));
      },
    ),
    { numRuns: 300 },
  );
});

it("run, whatever its work does and whenever it is aborted, keeps to the limit and gives everything back", async () => {
  const task = fc.record({
    weight: fc.integer({ min: 1, max: 3 }),
    turns: fc.integer({ min: 0, max: 4 }),
    way: fc.constantFrom("value", "promise", "throw", "reject"),
    abortTurn: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
    isLayer: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 5 }), fc.array(task, { maxLength: 30 }), async (limit, tasks) => {
      const limiter = new ConcurrencyLimiter({ limit, queueLimit: Infinity });
      let running = 0;
      const results = tasks.map(async ({ weight: given, turns, way, abortTurn, isLayer }, id) => {
        const weight = isLayer ? 1 : given;
        const controller = new AbortController();
        const end = (): number => {
          running -= weight;
          if (way === "throw" || way === "reject") throw new Error(`own ${id}`);
          return id;
        };
        const work = (): number | Promise<number> => {
          expect(controller.signal.aborted).toBe(false);
          running += weight;
          expect(running).toBeLessThanOrEqual(limit);
          if (way === "value" || way === "throw") return end();
          return (async () => {
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            return end();
          })();
        };
        const call = { signal: controller.signal };
        // A service that answers or throws at once is no Service by its type, but exists.
        const result = isLayer
          ? limiter.layer(work as () => Promise<number>)(undefined, call)
          : limiter.run(work, call, { weight });
        if (abortTurn !== undefined) {
          void (async () => {
            for (let turn = 0; turn < abortTurn; turn += 1) await Promise.resolve();
            controller.abort(`abort ${id}`);
          })();
        }
        return result.then(
          (value) => expect(value).toBe(id),
          (error: unknown) => expect([`abort ${id}`, `Error: own ${id}`]).toContain(String(error)),
        );
      });
      await Promise.all(results);
      await limiter.idle();
      expect(running).toBe(0);
      expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0, rejected: 0 });
    }),
    { numRuns: 200 },
  );
});
