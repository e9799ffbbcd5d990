import { ManualClock, settled } from "@breakwater/core/testing";
import { RejectedError } from "@breakwater/core";
import {
  AdaptiveLimiter,
  aimd,
  bandwidthDelay,
  gradient,
  gradient2,
  vegas,
  type LimitStrategy,
  type Sample,
  type StrategyPolicy,
} from "@breakwater/limiter";
import { constant, exponential, openLoop, Server, Simulation, Tally, type Distribution } from "@breakwater/sim";
import { describe, expect, it } from "vitest";
import { deferred, errorOf } from "./helpers.ts";

/** A strategy that does what it is told, and keeps what it is told. */
class Told implements LimitStrategy {
  readonly initial: number;
  readonly samples: Sample[] = [];
  next: number;

  constructor(initial: number) {
    this.initial = this.next = initial;
  }

  sample(sample: Sample): number {
    this.samples.push(sample);
    return this.next;
  }
}

function told(initial = 5, options: object = {}) {
  const strategy = new Told(initial);
  const clock = new ManualClock(1_000);
  const limiter = new AdaptiveLimiter({ strategy: () => strategy, clock, ...options });
  return { strategy, clock, limiter };
}

describe("AdaptiveLimiter", () => {
  it("tells the strategy when work began and ended, what was in flight, and how it went", async () => {
    const { strategy, clock, limiter } = told();
    const first = deferred<string>();
    const run = limiter.run(() => first.promise);
    clock.advance(3);
    const permit = limiter.tryAcquire();
    clock.advance(4);
    permit?.release("failure");
    clock.advance(1);
    first.resolve("answer");
    expect(await run).toBe("answer");
    expect(strategy.samples).toEqual([
      { startedAt: 1_003, endedAt: 1_007, inFlight: 2, isSuccess: false, completed: 1, failed: 1 },
      { startedAt: 1_000, endedAt: 1_008, inFlight: 1, isSuccess: true, completed: 1, failed: 0 },
    ]);
  });

  it("C10: the time in the limiter's own line is in no sample", async () => {
    const { strategy, clock, limiter } = told(1);
    const gate = deferred();
    const all = [limiter.run(() => gate.promise), limiter.run(async () => undefined)];
    await clock.advanceAsync(50);
    gate.resolve();
    await Promise.all(all);
    expect(strategy.samples.map(({ startedAt, endedAt }) => endedAt - startedAt)).toEqual([50, 0]);
  });

  it("C2: a neutral outcome gives its place back and is no sample", async () => {
    const { strategy, limiter } = told(1);
    const controller = new AbortController();
    limiter.tryAcquire()?.release("neutral");
    await errorOf(limiter.run(() => Promise.reject(new RejectedError("ERR_X", "no", { reason: "open" }))));
    await errorOf(limiter.run(() => { throw new RejectedError("ERR_X", "no", { reason: "open" }); }));
    await errorOf(limiter.run(async () => { controller.abort(); throw new Error("stopped"); }, { signal: controller.signal }));
    expect(strategy.samples).toEqual([]);
    expect(limiter.inUse).toBe(0);
  });

  it("an error is a failure, unless classify says otherwise", async () => {
    const notFound = new Error("not found");
    const { strategy, limiter } = told(5, { classify: (error: unknown) => (error === notFound ? "success" : undefined) });
    await errorOf(limiter.run(() => Promise.reject(new Error("down"))));
    await errorOf(limiter.layer(() => Promise.reject(notFound))(undefined, {}));
    expect(strategy.samples.map(({ isSuccess }) => isSuccess)).toEqual([false, true]);
  });

  it("a classify that throws does not cost the caller its error, nor the limiter its place", async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): unknown => warnings.push(warning);
    process.on("warning", onWarning);
    const { strategy, limiter } = told(5, { classify: () => { throw new Error("bad classify"); } });
    const down = new Error("down");
    expect(await errorOf(limiter.run(() => Promise.reject(down)))).toBe(down);
    expect(limiter.inUse).toBe(0);
    expect(strategy.samples).toHaveLength(1);
    await settled();
    process.off("warning", onWarning);
    expect(warnings).toMatchObject([{ message: "bad classify" }]);
  });

  it("C9: the limit is a whole number within its bounds, whatever the strategy says", async () => {
    const { strategy, limiter } = told(5, { minLimit: 2, maxLimit: 8 });
    const limits: number[] = [];
    for (const next of [3.9, NaN, -1, 0, Infinity, 7.2]) {
      strategy.next = next;
      await limiter.run(async () => undefined);
      limits.push(limiter.limit);
    }
    expect(limits).toEqual([3, 2, 2, 2, 8, 7]);
  });

  it("C11: one event for each change, none where the limit stays", async () => {
    const { strategy, limiter } = told(5);
    const changes: object[] = [];
    limiter.on("resized", (event) => changes.push(event));
    for (const next of [5.5, 6.5, 6.9, 4]) {
      strategy.next = next;
      await limiter.run(async () => undefined);
    }
    expect(changes).toEqual([{ from: 5, to: 6 }, { from: 6, to: 4 }]);
  });

  it("a limit that grows admits those who wait, in order", async () => {
    const { strategy, limiter } = told(1);
    const permit = limiter.tryAcquire();
    const order: number[] = [];
    const all = [1, 2, 3].map((i) => limiter.run(async () => void order.push(i)));
    strategy.next = 3;
    permit?.release();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
  });

  it("at high rates only some calls are timed, and all are counted", async () => {
    const { strategy, limiter } = told(5);
    for (let i = 0; i < 2_000; i += 1) await limiter.run(async () => undefined); // at one moment of the clock
    await errorOf(limiter.run(() => Promise.reject(new Error("no"))));
    for (let i = 0; i < 16; i += 1) await limiter.run(async () => undefined);
    expect(strategy.samples.length).toBeLessThan(600);
    const sum = (read: (sample: Sample) => number): number => strategy.samples.reduce((total, sample) => total + read(sample), 0);
    expect(sum(({ completed }) => completed)).toBeGreaterThan(2_000);
    expect(sum(({ failed }) => failed)).toBe(1);
  });

  it("and every call is timed again when the rate has fallen", async () => {
    const { strategy, clock, limiter } = told(5);
    for (let i = 0; i < 2_000; i += 1) await limiter.run(async () => undefined);
    for (let i = 0; i < 5_000; i += 1) {
      clock.advance(1);
      await limiter.run(async () => undefined);
    }
    const before = strategy.samples.length;
    for (let i = 0; i < 100; i += 1) {
      clock.advance(1);
      await limiter.run(async () => undefined);
    }
    expect(strategy.samples.length - before).toBe(100);
  });

  it("a clock that goes back gives no negative time", async () => {
    const { strategy, clock, limiter } = told();
    await limiter.run(async () => clock.jump(-500));
    expect(strategy.samples).toMatchObject([{ startedAt: 1_000, endedAt: 1_000 }]);
  });

  it("wrong options are refused at construction", () => {
    expect(() => new AdaptiveLimiter({ minLimit: 1.5 })).toThrow("minLimit must be a whole number from 1 to Infinity, got 1.5");
    expect(() => new AdaptiveLimiter({ maxLimit: 0 })).toThrow("maxLimit must be a whole number from 1 to Infinity, got 0");
    expect(() => new AdaptiveLimiter({ minLimit: 9, maxLimit: 8 })).toThrow("maxLimit must be a whole number from 9 to Infinity, got 8");
    // @ts-expect-error callers without types exist
    expect(() => new AdaptiveLimiter({ strategy: "vegas" })).toThrow("strategy must be a function");
    for (const policy of [bandwidthDelay, vegas, gradient, gradient2, aimd]) expect(() => policy({ initial: 0 })).toThrow(RangeError);
    expect(() => bandwidthDelay({ probeEveryMs: 0 })).toThrow(RangeError);
    expect(() => aimd({ backoffRatio: 1 })).toThrow(RangeError);
    // @ts-expect-error not a pace
    expect(() => aimd({ increase: "fast" })).toThrow('increase must be "per-round-trip" or "per-call", got fast');
  });

  it("the default starts at 20, and options of the queue are those of other limiters", async () => {
    const limiter = new AdaptiveLimiter({ queueLimit: 0, name: "api", strategy: bandwidthDelay({ initial: 1 }) });
    expect(new AdaptiveLimiter().limit).toBe(20);
    limiter.tryAcquire();
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full", source: "api", limit: 1 });
  });
});

describe("aimd", () => {
  const sample = (parts: Partial<Sample>): Sample => ({ startedAt: 0, endedAt: 10, inFlight: 20, isSuccess: true, completed: 1, failed: 0, ...parts });
  const made = (policy: StrategyPolicy): LimitStrategy => policy(() => 0);

  it("grows by one in a round trip of successes, and only while the limit is in use", () => {
    const strategy = made(aimd({ initial: 20 }));
    let limit = 20;
    for (let i = 0; i < 20; i += 1) limit = strategy.sample(sample({}));
    expect(limit).toBeGreaterThan(20.9);
    expect(limit).toBeLessThan(21);
    expect(strategy.sample(sample({ inFlight: 17 }))).toBe(limit);
    expect(made(aimd({ increase: "per-call" })).sample(sample({ completed: 3 }))).toBe(23);
  });

  it("steps down once for the failures of one round trip, and again for those of the next", () => {
    const strategy = made(aimd({ initial: 20 }));
    const failure = { isSuccess: false, failed: 1 };
    expect(strategy.sample(sample({ ...failure, startedAt: 0, endedAt: 10 }))).toBe(18);
    expect(strategy.sample(sample({ ...failure, startedAt: 5, endedAt: 11 }))).toBe(18);
    expect(strategy.sample(sample({ ...failure, startedAt: 10, endedAt: 12 }))).toBe(16);
    const each = made(aimd({ initial: 20, decrease: "per-call" }));
    each.sample(sample({ ...failure }));
    expect(each.sample(sample({ ...failure, startedAt: 5 }))).toBe(16);
  });

  it("C2: a failure counts however fast it was, a success that took too long is one, and one is the least", () => {
    const strategy = made(aimd({ initial: 2, timeoutMs: 100 }));
    expect(strategy.sample(sample({ isSuccess: false, failed: 1, endedAt: 0 }))).toBe(1);
    expect(strategy.sample(sample({ startedAt: 10, endedAt: 111 }))).toBe(1);
    expect(strategy.sample(sample({ startedAt: 200, endedAt: 300, inFlight: 1 }))).toBe(2);
  });
});

interface World {
  readonly slots: number;
  readonly serviceMs: Distribution;
  readonly ratePerSecond: number;
  readonly strategy: StrategyPolicy;
  readonly seed?: number;
}

/** A server behind an adaptive limiter without a line, and what `during` finds in the given span of time. */
class Lab {
  readonly sim: Simulation;
  readonly server: Server;
  readonly limiter: AdaptiveLimiter;
  fails = false;
  extraMs = 2;

  constructor({ slots, serviceMs, ratePerSecond, strategy, seed = 1 }: World) {
    this.sim = new Simulation({ seed });
    this.server = new Server(this.sim, { slots, serviceMs });
    this.limiter = new AdaptiveLimiter({ strategy, queueLimit: 0, clock: this.sim.clock, random: this.sim.random });
    openLoop(this.sim, { ratePerSecond }, () => void this.#tally.track(this.limiter.run(() => this.#call())));
  }

  #tally!: Tally;

  async during(ms: number): Promise<Tally> {
    this.#tally = new Tally(this.sim, { fromMs: this.sim.now() });
    await this.sim.run(this.sim.now() + ms);
    return this.#tally;
  }

  async #call(): Promise<void> {
    await this.sim.sleep(this.fails ? 1_000 : this.extraMs);
    if (this.fails) throw new Error("timeout");
    await this.server.serve();
  }
}

describe.each([
  ["bandwidthDelay", bandwidthDelay()],
  ["vegas", vegas()],
  ["gradient", gradient()],
  ["gradient2", gradient2()],
] as const)("%s", (_, strategy) => {
  const exp10 = exponential(10);

  it("C1: the limit does not grow while nobody needs it", async () => {
    const lab = new Lab({ slots: 10, serviceMs: exp10, ratePerSecond: 300, strategy });
    const { refusedRatio } = await lab.during(20_000);
    expect(lab.limiter.limit).toBeLessThan(30);
    expect(refusedRatio).toBeLessThan(0.001);
  });

  it("C3: a timeout that is always the same is no latency, and lets the limit fall to the ground", async () => {
    const lab = new Lab({ slots: 10, serviceMs: exp10, ratePerSecond: 900, strategy });
    await lab.during(5_000);
    lab.fails = true;
    await lab.during(15_000);
    expect(lab.limiter.limit).toBeLessThanOrEqual(4);
    lab.fails = false;
    await lab.during(10_000);
    const { refusedRatio } = await lab.during(5_000);
    expect(refusedRatio).toBeLessThan(0.1);
  });

  it("C3: starts under load, at a limit ten times too high, and comes down", async () => {
    const lab = new Lab({ slots: 2, serviceMs: exp10, ratePerSecond: 500, strategy });
    await lab.during(40_000);
    expect((await lab.during(10_000)).meanMs).toBeLessThan(45); // 100 at a limit of 20
  });

  it("C6: a base latency that is higher for good is learned, and costs no throughput for long", async () => {
    const lab = new Lab({ slots: 10, serviceMs: exp10, ratePerSecond: 1_500, strategy });
    await lab.during(10_000);
    lab.extraMs = 52;
    await lab.during(30_000);
    expect((await lab.during(10_000)).answeredPerSecond).toBeGreaterThan(900);
  });

  it("C6: capacity that halves or doubles is followed", async () => {
    const lab = new Lab({ slots: 10, serviceMs: exp10, ratePerSecond: 3_000, strategy });
    await lab.during(10_000);
    lab.server.resize(5);
    await lab.during(10_000);
    const halved = await lab.during(5_000);
    expect(halved.answeredPerSecond).toBeGreaterThan(465);
    expect(halved.quantileMs(0.99)).toBeLessThan(85);
    lab.server.resize(20);
    await lab.during(15_000);
    expect((await lab.during(5_000)).answeredPerSecond).toBeGreaterThan(1_900);
  });

  it("C7: a burst after an idle hour is met with the limit as it was, and measured anew", async () => {
    const lab = new Lab({ slots: 10, serviceMs: constant(10), ratePerSecond: 1, strategy });
    await lab.during(3_600_000);
    const before = lab.limiter.limit;
    openLoop(lab.sim, { ratePerSecond: 2_000, fromMs: lab.sim.now(), name: "burst" }, () => void lab.limiter.run(() => lab.server.serve()).catch(() => undefined));
    await lab.during(5_000);
    expect(before).toBe(20);
    expect(lab.limiter.limit).toBeGreaterThan(5);
    expect(lab.server.served).toBeGreaterThan(3_600 + 4_500);
  });
});

describe("the default", () => {
  it("finds a limit that starts ten times too low within two seconds", async () => {
    const lab = new Lab({ slots: 200, serviceMs: constant(10), ratePerSecond: 40_000, strategy: bandwidthDelay() });
    await lab.during(2_000);
    expect((await lab.during(2_000)).answeredPerSecond).toBeGreaterThan(19_000);
  });

  it("C4: samples that began before a probe are none of it, and its cost is bounded where calls are slow", async () => {
    const lab = new Lab({ slots: 10, serviceMs: exponential(1_000), ratePerSecond: 20, strategy: bandwidthDelay() });
    await lab.during(60_000);
    expect((await lab.during(240_000)).answeredPerSecond).toBeGreaterThan(8.8);
  });
});
