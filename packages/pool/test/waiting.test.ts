import { settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { fateOf, instant, type Bench, type Fate } from "./harness.ts";

/** A pool of one that is out; each `pass` hands it on, and tells whose it is now. */
async function full(bench: Bench, callers: Map<string, Fate<{ release(): void; readonly resource: number }>>) {
  let lease: { release(): void } = await bench.pool.acquire();
  return async (): Promise<string | undefined> => {
    const before = new Set([...callers].filter(([, { state }]) => state === "ok").map(([name]) => name));
    lease.release();
    await settled();
    const [name, fate] = [...callers].find(([one, { state }]) => state === "ok" && !before.has(one)) ?? [];
    if (fate?.value !== undefined) lease = fate.value;
    return name;
  };
}

describe("priorities", () => {
  it("the more important go first, within a level who came first, and a long wait makes up for a level", async () => {
    const bench = instant({ max: 1, ageingMs: 100 });
    const callers = new Map<string, Fate<{ release(): void; readonly resource: number }>>();
    const pass = await full(bench, callers);
    const ask = (name: string, priority?: number): void => void callers.set(name, fateOf(bench.pool.acquire({ priority })));
    ask("low", 2);
    bench.clock.advance(50);
    ask("plain");
    ask("plain 2", 0);
    ask("urgent", -1);
    ask("middle", 1);
    bench.clock.advance(160);
    ask("plain, late");
    expect([await pass(), await pass(), await pass(), await pass(), await pass(), await pass()]).toEqual([
      "urgent", "plain", "plain 2", "middle", "low", "plain, late",
    ]);
  });

  it("with ageingMs Infinity they are strict", async () => {
    const bench = instant({ max: 1, ageingMs: Infinity, acquireTimeoutMs: Infinity });
    const callers = new Map<string, Fate<{ release(): void; readonly resource: number }>>();
    const pass = await full(bench, callers);
    callers.set("low", fateOf(bench.pool.acquire({ priority: 1 })));
    bench.clock.advance(1e9);
    callers.set("high", fateOf(bench.pool.acquire()));
    expect([await pass(), await pass()]).toEqual(["high", "low"]);
  });
});

describe("a deadline", () => {
  it("is kept for everybody by one timer, and that goes with the last", async () => {
    const bench = instant({ max: 1, acquireTimeoutMs: 100 });
    await bench.pool.acquire();
    const fates = Array.from({ length: 5 }, (_, index) => {
      bench.clock.advance(index);
      return fateOf(bench.pool.acquire(index === 2 ? { timeoutMs: 10 } : {}));
    });
    expect(bench.clock.pendingTimers).toBe(1);
    const endedAt: number[] = [];
    for (let ms = 0; ms < 120; ms += 1) {
      await bench.clock.advanceAsync(1);
      fates.forEach(({ state }, index) => { if (state === "failed") endedAt[index] ??= bench.clock.now() - 1_000; });
    }
    expect(endedAt).toEqual([100, 101, 13, 106, 110]);
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.pool.stats.timeouts).toBe(5);
  });

  it("holds though a blocked event loop fires no timer: nobody late is served, the next one is", async () => {
    const bench = instant({ max: 1, acquireTimeoutMs: 100 });
    const lease = await bench.pool.acquire();
    const [late, next] = [fateOf(bench.pool.acquire()), fateOf(bench.pool.acquire({ timeoutMs: 500 }))];
    bench.clock.jump(200);
    lease.release();
    await settled();
    expect(late.error).toMatchObject({ code: "ERR_POOL_TIMEOUT" });
    expect(next.value?.resource).toBe(1);
  });

  it("of a waiter who is served leaves nothing, and the next one's is kept", async () => {
    const bench = instant({ max: 1, acquireTimeoutMs: 100 });
    const lease = await bench.pool.acquire();
    const first = fateOf(bench.pool.acquire());
    bench.clock.advance(50);
    const second = fateOf(bench.pool.acquire());
    lease.release();
    await bench.clock.advanceAsync(99);
    expect([first.state, second.state]).toEqual(["ok", "pending"]);
    await bench.clock.advanceAsync(1);
    expect(second.state).toBe("failed");
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("an abort of one signal sends away all who share it, and a caller gone before the work began does none", async () => {
    const bench = instant({ max: 1 });
    const lease = await bench.pool.acquire();
    const controller = new AbortController();
    const fates = [1, 2, 3].map(() => fateOf(bench.pool.acquire({ signal: controller.signal })));
    let worked = 0;
    const used = fateOf(bench.pool.use(() => (worked += 1), { signal: controller.signal }));
    const last = new AbortController();
    const handed = fateOf(bench.pool.use(() => (worked += 1), { signal: last.signal }));
    controller.abort("all");
    lease.release();
    last.abort("in between"); // the hand-over is made, the work not begun
    await settled();
    expect([...fates, used].map(({ error }) => error)).toEqual(["all", "all", "all", "all"]);
    expect([handed.error, worked, bench.pool.stats.idle]).toEqual(["in between", 0, 1]);
  });
});

describe("shedding", () => {
  it("is off by default: a waiter waits as long as its timeout", async () => {
    const bench = instant({ max: 1 });
    const lease = await bench.pool.acquire();
    const waiting = fateOf(bench.pool.acquire());
    await bench.clock.advanceAsync(20_000);
    lease.release();
    await settled();
    expect(waiting.state).toBe("ok");
  });

  it("a line that stands is cut to what is young enough; a burst is not", async () => {
    const bench = instant({ max: 1, shedding: { targetMs: 10, intervalMs: 100 }, acquireTimeoutMs: Infinity });
    const burst = await bench.pool.acquire();
    const patient = [1, 2, 3].map(() => fateOf(bench.pool.acquire()));
    bench.clock.advance(50);
    burst.release();
    await settled();
    expect(patient.map(({ state }) => state)).toEqual(["ok", "pending", "pending"]); // one bad minimum is a burst
    let served = 0;
    const shed: unknown[] = [];
    const ask = (): void => void bench.pool.acquire().then(() => (served += 1), (error: unknown) => shed.push(error));
    for (let ms = 0; ms < 400; ms += 5) {
      ask();
      await bench.clock.advanceAsync(5);
    }
    expect(served).toBe(0); // nobody gave back: the look in between cuts the line
    expect(shed.length).toBeGreaterThan(40);
    expect(shed[0]).toMatchObject({ code: "ERR_POOL_OVERLOADED", reason: "overloaded" });
    expect(bench.pool.stats.shed).toBe(shed.length + patient.filter(({ state }) => state === "failed").length);
    expect(bench.pool.stats.waiting).toBeLessThanOrEqual(25);
  });

  it("serves those who are young while it stands, and leaves the line alone once it has emptied", async () => {
    const bench = instant({ max: 1, shedding: { targetMs: 10, intervalMs: 100 }, acquireTimeoutMs: Infinity });
    let lease: { release(): void } = await bench.pool.acquire();
    const waits: number[] = [];
    let shed = 0;
    const ask = (): void => {
      const askedAt = bench.clock.now();
      bench.pool.acquire().then((next) => { waits.push(bench.clock.now() - askedAt); lease = next; }, () => (shed += 1));
    };
    for (let ms = 0; ms < 2_000; ms += 5) {
      ask();
      await bench.clock.advanceAsync(5);
      if (ms % 20 === 0) lease.release();
      await settled();
    }
    expect(shed).toBeGreaterThan(100);
    const late = waits.slice(20); // once it is known to stand
    expect(Math.max(...late.slice(5))).toBeLessThanOrEqual(2 * 10 + 20);
    while (bench.pool.stats.waiting > 0) { lease.release(); await settled(); }
    lease.release();
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("refuses wrong options, naming option and value", () => {
    expect(() => instant({ shedding: { targetMs: -1 } })).toThrow(/shedding\.targetMs must be .* got -1/);
    expect(() => instant({ shedding: { intervalMs: 0 } })).toThrow(/shedding\.intervalMs must be .* got 0/);
  });
});

it("a hundred thousand wait and leave, from the middle too", async () => {
  const bench = instant({ max: 1 });
  await bench.pool.acquire();
  const controllers = Array.from({ length: 1_000 }, () => new AbortController());
  let left = 0;
  const all = Array.from({ length: 100_000 }, (_, index) => bench.pool.acquire({ signal: controllers[index % 1_000]?.signal }).catch(() => (left += 1)));
  expect(bench.pool.stats.waiting).toBe(100_000);
  for (const controller of controllers) controller.abort();
  await Promise.all(all);
  expect([left, bench.pool.stats.waiting, bench.clock.pendingRefTimers]).toEqual([100_000, 0, 0]);
});
