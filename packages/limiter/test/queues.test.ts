import type { Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import {
  adaptiveLifo,
  codel,
  ConcurrencyLimiter,
  fair,
  fifo,
  lifo,
  priority,
  type AcquireOptions,
  type ConcurrencyLimiterOptions,
  type Permit,
  type QueuePolicy,
} from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf, watch } from "./helpers.ts";

/** A limiter of one place, which is taken, and the names of those served so far, in order. */
class Line {
  readonly clock = new ManualClock(1_000);
  readonly limiter: ConcurrencyLimiter;
  readonly served: string[] = [];
  readonly refused: string[] = [];
  #held: Permit | undefined;

  constructor(options: Partial<ConcurrencyLimiterOptions>) {
    this.limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: Infinity, clock: this.clock, ...options });
    this.#held = this.limiter.tryAcquire({ weight: options.limit ?? 1 });
  }

  join(name: string, options: AcquireOptions = {}): void {
    this.limiter.acquire(options).then(
      (permit) => {
        this.served.push(name);
        this.#held = permit;
      },
      (error: unknown) => {
        const reason = (error as { readonly reason?: string }).reason ?? String(error); // ours have one
        this.refused.push(`${name} ${reason}`);
      },
    );
  }

  /** Gives the place to the next, and waits until it has it. */
  async next(times = 1): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      const held = this.#held;
      this.#held = undefined;
      held?.release();
      await settled();
    }
  }
}

describe("lifo", () => {
  it("serves the newest first", async () => {
    const line = new Line({ queue: lifo() });
    for (const name of ["a", "b", "c"]) line.join(name);
    await line.next(3);
    expect(line.served).toEqual(["c", "b", "a"]);
  });

  it("A12: times out those who are buried, and frees their places", async () => {
    const line = new Line({ queue: lifo(), queueTimeoutMs: 50 });
    line.join("old");
    await line.clock.advanceAsync(40);
    line.join("new");
    await line.clock.advanceAsync(10);
    expect(line.refused).toEqual(["old timeout"]);
    await line.next();
    expect(line.served).toEqual(["new"]);
    expect(line.clock.pendingTimers).toBe(0);
  });

  it("a newcomer that fits is admitted at once though an older, heavier one waits", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 2, queue: lifo() });
    limiter.tryAcquire();
    const heavy = watch(limiter.acquire({ weight: 2 }));
    const light = watch(limiter.acquire({ weight: 1 }));
    await settled();
    expect([heavy.status, light.status]).toEqual(["pending", "fulfilled"]);
  });
});

describe("codel", () => {
  it("keeps the order, and gives up nobody in a burst that drains", async () => {
    const line = new Line({ queue: codel() });
    for (let i = 0; i < 20; i += 1) line.join(String(i));
    for (let i = 0; i < 20; i += 1) {
      await line.next();
      await line.clock.advanceAsync(4);
    }
    expect(line.served).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    expect(line.refused).toEqual([]);
  });

  it("A13: once even the luckiest of an interval waited too long, those older than twice the target are given up", async () => {
    const line = new Line({ queue: codel({ targetMs: 5, intervalMs: 100 }) });
    for (let i = 0; i < 40; i += 1) line.join(String(i));
    await line.clock.advanceAsync(20);
    await line.next(); // the first interval begins; its luckiest waits 20 ms
    await line.clock.advanceAsync(101);
    expect(line.refused).toEqual([]);
    line.join("young");
    await line.next(); // closes the interval, and is itself served, whatever it waited
    expect(line.served).toEqual(["0", "1"]);
    await line.next(); // the queue stands: the rest is too old
    expect(line.served).toEqual(["0", "1", "young"]);
    expect(line.refused).toHaveLength(38);
    expect(new Set(line.refused.map((each) => each.split(" ")[1]))).toEqual(new Set(["overloaded"]));
  });

  it("A13: a queue that has emptied stands no more, however late its last one was", async () => {
    const line = new Line({ queue: codel({ targetMs: 5, intervalMs: 100 }) });
    line.join("late");
    await line.clock.advanceAsync(50);
    await line.next();
    await line.clock.advanceAsync(101);
    for (const name of ["a", "b", "c"]) line.join(name);
    await line.clock.advanceAsync(20);
    await line.next(3);
    expect(line.served).toEqual(["late", "a", "b", "c"]);
  });
});

describe("adaptiveLifo", () => {
  it("serves the oldest first as long as the queue empties now and then", async () => {
    const line = new Line({ queue: adaptiveLifo({ intervalMs: 100 }) });
    for (const name of ["a", "b", "c"]) line.join(name);
    await line.clock.advanceAsync(90);
    await line.next(3);
    expect(line.served).toEqual(["a", "b", "c"]);
  });

  it("serves the newest first in a queue that stands, gives up the oldest, and turns back when it has emptied", async () => {
    const line = new Line({ queue: adaptiveLifo({ intervalMs: 100 }) });
    line.join("oldest");
    await line.clock.advanceAsync(60);
    line.join("old");
    await line.clock.advanceAsync(60);
    line.join("new");
    await line.next();
    expect(line.served).toEqual(["new"]);
    expect(line.refused).toEqual(["oldest overloaded"]);
    await line.next();
    expect(line.served).toEqual(["new", "old"]);
    for (const name of ["a", "b"]) line.join(name);
    await line.next(2);
    expect(line.served).toEqual(["new", "old", "a", "b"]);
  });
});

describe("priority", () => {
  it("serves the smaller number first, and first come, first served within a level", async () => {
    const line = new Line({ queue: priority() });
    for (const [name, level] of [["b1", 2], ["a1", 1], ["b2", 2], ["a2", 1], ["c", 0]] as const) line.join(name, { priority: level });
    await line.next(5);
    expect(line.served).toEqual(["c", "a1", "a2", "b1", "b2"]);
  });

  it("takes the priority of the call when the options give none, and 0 for one without", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1, queue: priority() });
    const held = limiter.tryAcquire();
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => void order.push(name);
    const all = [
      limiter.run(work("low"), { priority: 9 }),
      limiter.layer(work("middle"))(undefined, { priority: 5 }),
      limiter.run(work("high"), { priority: 9 }, { priority: 1 }),
      limiter.run(work("none")),
    ];
    held?.release();
    await Promise.all(all);
    expect(order).toEqual(["none", "high", "middle", "low"]);
  });

  it("A11: one that has waited for a while per level goes before a newer one of a better level", async () => {
    const line = new Line({ queue: priority({ ageingMs: 100 }) });
    line.join("old", { priority: 3 });
    await line.clock.advanceAsync(299);
    line.join("a bit too new", { priority: 0 });
    await line.clock.advanceAsync(2);
    line.join("much too new", { priority: 0 });
    await line.next(3);
    expect(line.served).toEqual(["a bit too new", "old", "much too new"]);
  });

  it("A11: a full queue gives up the newest of the least important, or the newcomer if that is no better", async () => {
    const line = new Line({ queue: priority({ ageingMs: Infinity }), queueLimit: 3, overflow: "evict" });
    line.join("low 1", { priority: 5 });
    line.join("low 2", { priority: 5 });
    line.join("high", { priority: 1 });
    line.join("higher", { priority: 0 });
    line.join("low 3", { priority: 5 });
    await line.next(3);
    expect(line.refused).toEqual(["low 2 evicted", "low 3 queue-full"]);
    expect(line.served).toEqual(["higher", "high", "low 1"]);
  });

  it("a priority that is none is refused", async () => {
    const line = new Line({ queue: priority() });
    expect(await errorOf(line.limiter.acquire({ priority: NaN }))).toEqual(new RangeError("priority must be a number from 0 to Infinity, got NaN"));
    expect(line.limiter.waiting).toBe(0);
  });
});

describe("fair", () => {
  it("serves keys in turn, however many of each wait", async () => {
    const line = new Line({ queue: fair() });
    for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) line.join(name, { key: name[0] });
    await line.next(7);
    expect(line.served).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  });

  it("gives by share and by weight", async () => {
    const line = new Line({ limit: 4, queue: fair({ shareOf: (key) => (key === "a" ? 2 : 1) }) });
    for (const name of ["a1", "a2", "a3", "a4", "b1", "b2"]) line.join(name, { key: name[0], weight: 4 });
    await line.next(6);
    expect(line.served).toEqual(["a1", "b1", "a2", "a3", "b2", "a4"]);
  });

  it("a key that comes back has neither saved up turns nor lost any", async () => {
    const line = new Line({ queue: fair() });
    for (let i = 0; i < 6; i += 1) line.join(`a${i}`, { key: "a" });
    await line.next(3);
    line.join("b0", { key: "b" });
    line.join("b1", { key: "b" });
    await line.next(5);
    expect(line.served).toEqual(["a0", "a1", "a2", "b0", "a3", "b1", "a4", "a5"]);
  });

  it("asks keyOf of a call, only for callers that wait, and what it throws is the caller's", async () => {
    const asked: unknown[] = [];
    const keyOf = (call: object): unknown => {
      asked.push(call);
      if ("tenant" in call) return call.tenant;
      throw new TypeError("who is it?");
    };
    const limiter = new ConcurrencyLimiter({ limit: 1, queue: fair({ keyOf }) });
    const held = limiter.tryAcquire();
    expect(asked).toEqual([]);
    const call: Call & { tenant: string } = { tenant: "x" };
    const waiting = limiter.run(async () => "done", call);
    expect(await errorOf(limiter.run(async () => "never"))).toEqual(new TypeError("who is it?"));
    expect(asked).toEqual([call, {}]);
    held?.release();
    expect(await waiting).toBe("done");
    expect(limiter.inUse).toBe(0);
  });

  it("a share that is none is the caller's error, and leaves the line as it was", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1, queue: fair({ shareOf: () => 0 }) });
    limiter.tryAcquire();
    expect(await errorOf(limiter.acquire({ key: 1 }))).toBeInstanceOf(RangeError);
    expect(limiter.waiting).toBe(0);
  });

  it("a full queue gives up the newest of the key that waits most", async () => {
    const line = new Line({ queue: fair(), queueLimit: 3, overflow: "evict" });
    for (const name of ["a1", "a2", "b1", "c1", "c2"]) line.join(name, { key: name[0] });
    await settled();
    expect(line.refused).toEqual(["a2 evicted", "c2 queue-full"]);
  });
});

describe("overflow", () => {
  it.each([["fifo", fifo()], ["codel", codel()], ["lifo", lifo()], ["adaptiveLifo", adaptiveLifo()]])(
    "%s evicts the oldest",
    async (_, queue) => {
      const line = new Line({ queue, queueLimit: 2, overflow: "evict" });
      for (const name of ["a", "b", "c"]) line.join(name);
      await settled();
      expect(line.refused).toEqual(["a evicted"]);
      expect(line.limiter.waiting).toBe(2);
    },
  );

  it("A10: counts callers and weights, and says which bound is which", async () => {
    const line = new Line({ limit: 5, queueLimit: 3, queueWeightLimit: 6 });
    line.join("a", { weight: 4 });
    line.join("b", { weight: 3 });
    line.join("c", { weight: 2 });
    line.join("d", { weight: 1 });
    await settled();
    expect(line.refused).toEqual(["b queue-full", "d queue-full"]);
  });

  it("evicting a heavy head admits the light ones behind it, and the newcomer if there is still room", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 4, queueLimit: 2, overflow: "evict" });
    limiter.tryAcquire({ weight: 1 });
    const heavy = watch(limiter.acquire({ weight: 4 }));
    const light = watch(limiter.acquire());
    const newcomer = watch(limiter.acquire());
    await settled();
    expect([heavy.status, light.status, newcomer.status]).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(limiter.stats).toMatchObject({ inUse: 3, waiting: 0, rejected: 1 });
  });

  it("A15: a listener that closes the limiter when one is evicted leaves nobody in its line", async () => {
    const line = new Line({ queueLimit: 1, overflow: "evict" });
    line.limiter.on("rejected", () => line.limiter.close());
    line.join("a");
    line.join("b");
    await settled();
    expect([line.refused, line.limiter.waiting]).toEqual([["a evicted", "b closed"], 0]);
  });

  it("a queue limit of 0 refuses the newcomer: there is nobody to evict", async () => {
    const line = new Line({ queueLimit: 0, overflow: "evict" });
    line.join("a");
    await settled();
    expect(line.refused).toEqual(["a queue-full"]);
  });

  it("an overflow or a queue that is none is refused at construction", () => {
    // @ts-expect-error callers without types exist
    expect(() => new ConcurrencyLimiter({ limit: 1, overflow: "drop" })).toThrow('overflow must be "refuse" or "evict", got drop');
    // @ts-expect-error callers without types exist
    expect(() => new ConcurrencyLimiter({ limit: 1, queue: "lifo" })).toThrow("queue must be a function");
    expect(() => codel({ intervalMs: 0 })).toThrow(RangeError);
    expect(() => adaptiveLifo({ intervalMs: -1 })).toThrow(RangeError);
    expect(() => priority({ ageingMs: 0 })).toThrow(RangeError);
  });
});

describe("all disciplines", () => {
  const policies: Record<string, QueuePolicy> = {
    fifo: fifo(),
    lifo: lifo(),
    codel: codel(),
    adaptiveLifo: adaptiveLifo(),
    priority: priority(),
    "priority without ageing": priority({ ageingMs: Infinity }),
    fair: fair(),
  };
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant("join" as const), weight: fc.integer({ min: 1, max: 3 }), priority: fc.nat(3), key: fc.nat(3), timeoutMs: fc.constantFrom(20, Infinity) }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant("release" as const), index: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("abort" as const), index: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("resize" as const), limit: fc.integer({ min: 1, max: 5 }) }) },
  );

  for (const [name, queue] of Object.entries(policies)) {
    for (const overflow of ["refuse", "evict"] as const) {
      it(`${name}, ${overflow}: nobody is lost, nothing is over the limit, and whoever fits is not kept waiting`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
            const clock = new ManualClock(1_000);
            const limiter = new ConcurrencyLimiter({ limit: 3, queueLimit: 8, queueWeightLimit: 12, queue, overflow, clock });
            const held: Permit[] = [];
            const aborts: AbortController[] = [];
            let asked = 0;
            let settledCount = 0;
            let inUse = 0;
            for (const each of steps) {
              if (each.type === "join") {
                const controller = new AbortController();
                aborts.push(controller);
                asked += 1;
                const { weight, priority: level, key, timeoutMs } = each;
                limiter.acquire({ weight, priority: level, key, timeoutMs, signal: controller.signal }).then(
                  (permit) => {
                    settledCount += 1;
                    inUse += weight;
                    held.push(permit);
                  },
                  () => (settledCount += 1),
                );
              } else if (each.type === "release") {
                const [permit] = held.splice(each.index % Math.max(1, held.length), 1);
                inUse -= permit?.weight ?? 0;
                permit?.release();
              } else if (each.type === "abort") aborts[each.index % Math.max(1, aborts.length)]?.abort();
              else if (each.type === "advance") await clock.advanceAsync(each.ms);
              else limiter.resize(each.limit);
              await settled();
              expect(limiter.inUse).toBe(inUse);
              expect(asked - settledCount).toBe(limiter.waiting);
            }
            while (held.length > 0) {
              const permit = held.pop();
              inUse -= permit?.weight ?? 0;
              permit?.release();
              await settled();
            }
            expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0 });
            expect(settledCount).toBe(asked);
            expect(clock.pendingTimers).toBe(0);
          }),
          { numRuns: 40 },
        );
      });
    }
  }

  it.each(Object.entries(policies))("%s: 100,000 wait, half of them leave from the middle, the rest is served", async (_, queue) => {
    const clock = new ManualClock(1_000);
    const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: Infinity, queue, clock });
    const held = limiter.tryAcquire();
    const leaving = new AbortController();
    let served = 0;
    let left = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const options = { priority: (i * 7919) % 1000, key: i % 1000, ...(i % 2 === 0 && { signal: leaving.signal }) };
      limiter.acquire(options).then(
        (permit) => {
          served += 1;
          permit.release();
        },
        () => (left += 1),
      );
    }
    leaving.abort();
    held?.release();
    await settled();
    expect([served, left, limiter.waiting, limiter.inUse]).toEqual([50_000, 50_000, 0, 0]);
  });
});
