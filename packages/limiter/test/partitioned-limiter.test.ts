import { ManualClock, settled } from "@breakwater/core/testing";
import { isRejected, type Call } from "@breakwater/core";
import { PartitionedLimiter, lifo, type Permit } from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deferred, errorOf, watch } from "./helpers.ts";

function fill(partition: { tryAcquire(): Permit | undefined }, count = Infinity): Permit[] {
  const held: Permit[] = [];
  for (let permit = partition.tryAcquire(); permit !== undefined; permit = partition.tryAcquire()) {
    held.push(permit);
    if (held.length === count) break;
  }
  return held;
}

function made(options: { critical?: boolean } = {}) {
  const limiter = new PartitionedLimiter({
    limit: 10,
    partitions: { critical: { share: 0.5, lends: options.critical ?? true }, batch: { share: 0.3 }, other: { share: 0 } },
  });
  return { limiter, critical: limiter.partition("critical"), batch: limiter.partition("batch"), other: limiter.partition("other") };
}

describe("PartitionedLimiter", () => {
  it("a partition borrows what the others leave unused, up to the whole limit", () => {
    const { batch, critical, limiter } = made();
    expect(fill(batch)).toHaveLength(10);
    expect(critical.tryAcquire()).toBeUndefined();
    expect(limiter.stats).toMatchObject({ limit: 10, inUse: 10, waiting: 0, partitions: { batch: { inUse: 10 } } });
  });

  it("C8: what was lent comes back first to the partition that has least of its share, and the limit holds throughout", async () => {
    const { batch, critical, other, limiter } = made();
    const held = fill(batch);
    const waiting = { batch: watch(batch.acquire()), other: watch(other.acquire()), critical: watch(critical.acquire()) };
    held[0]?.release();
    await settled();
    expect(waiting.critical.status).toBe("fulfilled");
    expect(waiting.batch.status).toBe("pending");
    held[1]?.release();
    await settled();
    expect([waiting.batch.status, waiting.other.status]).toEqual(["fulfilled", "pending"]);
    expect(limiter.stats.inUse).toBe(10);
  });

  it("C8: a newcomer cannot take what is free before a partition that waits and has less of its share", async () => {
    const { batch, critical } = made();
    const held = fill(batch);
    const heavy = watch(critical.acquire({ weight: 2 }));
    held[0]?.release();
    await settled();
    expect(heavy.status).toBe("pending");
    expect(batch.tryAcquire()).toBeUndefined();
    held[1]?.release();
    await settled();
    expect(heavy.status).toBe("fulfilled");
  });

  it("a partition that does not lend finds its share free at once", () => {
    const { batch, critical, other } = made({ critical: false });
    expect(fill(batch)).toHaveLength(5);
    expect(other.tryAcquire()).toBeUndefined();
    expect(fill(critical)).toHaveLength(5);
    expect([critical.guaranteed, batch.guaranteed, batch.limit]).toEqual([5, 3, 5]);
  });

  it("a weight above what the others leave for ever is refused, one that fits later waits", async () => {
    const { batch, critical } = made({ critical: false });
    expect(await errorOf(batch.acquire({ weight: 6 }))).toMatchObject({ reason: "too-heavy", limit: 5 });
    const held = critical.tryAcquire({ weight: 6 });
    expect(held).toBeDefined();
    const waiting = watch(batch.acquire({ weight: 5 }));
    await settled();
    expect(waiting.status).toBe("pending");
    held?.release();
    await settled();
    expect(waiting.status).toBe("fulfilled");
  });

  it("run and layer choose the partition by the call, and the fallback for one that belongs to none", async () => {
    interface Kinded { readonly kind?: string }
    const limiter = new PartitionedLimiter({
      limit: 4,
      partitions: { a: { share: 0.5 }, b: { share: 0.5 } },
      partitionOf: (call) => (call as Kinded).kind as "a" | "b" | undefined, // and sometimes it is neither
      fallback: "b",
    });
    const gate = deferred();
    const zebra: Kinded & object = { kind: "zebra" };
    const service = limiter.layer((_: undefined, call: Kinded & Call) => gate.promise.then(() => call.kind));
    const answers = [service(undefined, { kind: "a" }), service(undefined, {}), limiter.run(() => gate.promise, zebra as Call)];
    expect([limiter.partition("a").inUse, limiter.partition("b").inUse]).toEqual([1, 2]);
    gate.resolve();
    expect(await Promise.all(answers)).toEqual(["a", undefined, undefined]);
    expect(limiter.stats.inUse).toBe(0);
  });

  it("what partitionOf throws is the caller's error", async () => {
    const oops = new Error("no such user");
    const limiter = new PartitionedLimiter({ limit: 1, partitions: { a: { share: 1 } }, partitionOf: () => { throw oops; } });
    expect(await errorOf(limiter.run(async () => 1))).toBe(oops);
    expect(await errorOf(limiter.acquire())).toBe(oops);
    expect(await errorOf(limiter.layer(async () => 1)(undefined, {}))).toBe(oops);
  });

  it("each partition has its own queue, bound and order", async () => {
    const limiter = new PartitionedLimiter({
      limit: 1,
      queueLimit: 5,
      partitions: { a: { share: 0.5, queue: lifo() }, b: { share: 0.5, queueLimit: 0 } },
    });
    const held = limiter.partition("b").tryAcquire();
    const order: number[] = [];
    const all = [1, 2, 3].map((i) => limiter.partition("a").run(async () => void order.push(i)));
    expect(isRejected(await errorOf(limiter.partition("b").acquire()))).toBe(true);
    held?.release();
    await Promise.all(all);
    expect(order).toEqual([3, 2, 1]);
  });

  it("a resize changes what the shares come to, and admits all that fit", async () => {
    const { limiter, batch, critical } = made();
    fill(batch);
    const waiting = [watch(critical.acquire()), watch(batch.acquire())];
    limiter.resize(12);
    await settled();
    expect(waiting.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect([limiter.limit, critical.guaranteed]).toEqual([12, 6]);
    limiter.resize(2);
    expect(limiter.stats.inUse).toBe(12);
    expect(critical.tryAcquire()).toBeUndefined();
  });

  it("close refuses in all partitions, and idle tells when all are", async () => {
    const { limiter, batch, critical } = made();
    const [first, ...rest] = fill(batch);
    const waiting = watch(critical.acquire());
    limiter.close();
    const idle = watch(limiter.idle());
    await settled();
    expect(waiting.error).toMatchObject({ reason: "closed", source: "critical" });
    for (const permit of rest) permit.release();
    await settled();
    expect(idle.status).toBe("pending");
    first?.release();
    await settled();
    expect(idle.status).toBe("fulfilled");
  });

  it("a limit of 0 pauses all partitions, Infinity lets everybody in, kept shares or not", async () => {
    const limiter = new PartitionedLimiter({ limit: Infinity, queueLimit: 10, partitions: { a: { share: 0.5, lends: false }, b: { share: 0 }, c: { share: 0, lends: false } } });
    for (const name of ["a", "b", "c"] as const) expect(fill(limiter.partition(name), 50)).toHaveLength(50);
    expect([limiter.partition("b").guaranteed, limiter.partition("b").limit]).toEqual([0, Infinity]);
    const paused = new PartitionedLimiter({ limit: 0, queueLimit: 10, partitions: { a: { share: 1 } } });
    const waiting = watch(paused.partition("a").acquire({ weight: 3 }));
    await settled();
    expect(waiting.status).toBe("pending");
    paused.resize(3);
    await settled();
    expect(waiting.status).toBe("fulfilled");
  });

  it("wrong options are refused and named", () => {
    const make = (partitions: Record<string, { share: number }>) => () => new PartitionedLimiter({ limit: 1, partitions });
    expect(make({})).toThrow("partitions must name at least one");
    expect(make({ a: { share: 0.7 }, b: { share: 0.4 } })).toThrow("the shares of partitions must be at most 1 together");
    expect(make({ a: { share: -1 } })).toThrow("partitions.a.share must be a number from 0 to 1, got -1");
    expect(() => new PartitionedLimiter({ limit: -1, partitions: { a: { share: 1 } } })).toThrow(RangeError);
    // @ts-expect-error not a partition
    expect(() => new PartitionedLimiter({ limit: 1, partitions: { a: { share: 1 } }, fallback: "b" })).toThrow("fallback must be one of a, got b");
    // @ts-expect-error not a partition
    expect(() => made().limiter.partition("x")).toThrow('there is no partition "x"; there are critical, batch, other');
  });

  it("whatever happens, the limit holds, permits are conserved, and nobody waits beside a place that is theirs", async () => {
    const name = fc.constantFrom("a" as const, "b" as const, "c" as const);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ type: fc.constant("join" as const), name, weight: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 5, arbitrary: fc.record({ type: fc.constant("release" as const), index: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("resize" as const), limit: fc.integer({ min: 0, max: 8 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 30 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, lends) => {
        const clock = new ManualClock(1_000);
        const limiter = new PartitionedLimiter({
          limit: 6,
          clock,
          queueTimeoutMs: 25,
          partitions: { a: { share: 0.5, lends }, b: { share: 0.34 }, c: { share: 0 } },
        });
        const held: Permit[] = [];
        for (const each of steps) {
          const before = limiter.stats.inUse;
          if (each.type === "join") void limiter.partition(each.name).acquire({ weight: each.weight }).then((permit) => held.push(permit), () => undefined);
          else if (each.type === "release") held.splice(each.index % Math.max(1, held.length), 1)[0]?.release();
          else if (each.type === "resize") limiter.resize(each.limit);
          else await clock.advanceAsync(each.ms);
          await settled();
          const { inUse, limit, partitions } = limiter.stats;
          expect(inUse).toBe(held.reduce((sum, permit) => sum + permit.weight, 0));
          expect(inUse).toBeLessThanOrEqual(Math.max(limit, before));
          const waiting = Object.values(partitions).filter((partition) => partition.waiting > 0);
          if (waiting.length > 0 && lends) expect(limit - inUse).toBeLessThan(3); // the heaviest may not fit
        }
        for (const permit of held) permit.release();
        await settled();
        limiter.resize(100);
        await settled();
        await clock.advanceAsync(30);
        expect(limiter.stats.waiting).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
