import { settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { Bench, fateOf, instant } from "./harness.ts";

describe("an outage", () => {
  it("is told to one caller as it is, and to all others as a refusal with the reason and the time", async () => {
    const bench = new Bench({ max: 1, name: "db", retryMinMs: 100 });
    const fates = [1, 2, 3].map(() => fateOf(bench.pool.acquire()));
    const error = new Error("connection refused");
    await bench.fail(error);
    expect(fates[0]?.error).toBe(error);
    for (const { error: refusal } of fates.slice(1)) {
      expect(refusal).toMatchObject({
        name: "PoolUnavailableError",
        code: "ERR_POOL_UNAVAILABLE",
        reason: "unavailable",
        retryAfterMs: 100,
        source: "db",
        cause: error,
        message: 'pool "db" has no resource, and creating one fails: connection refused',
      });
    }
    expect(fates[1]?.error).not.toBe(fates[2]?.error);
    expect(bench.pool.stats).toMatchObject({ isDown: true, waiting: 0, createFailures: 1 });
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("refuses newcomers at once until a create is due; then the first is the probe and the others are refused", async () => {
    const bench = new Bench({ max: 5, retryMinMs: 100 });
    const first = fateOf(bench.pool.acquire());
    await bench.fail("down");
    await bench.clock.advanceAsync(60);
    await expect(bench.pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_UNAVAILABLE", retryAfterMs: 40 });
    expect([first.error, bench.creates.length]).toEqual(["down", 0]);
    await bench.clock.advanceAsync(40);
    const probe = fateOf(bench.pool.acquire());
    await expect(bench.pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_UNAVAILABLE", retryAfterMs: undefined, cause: "down" });
    expect([bench.creates.length, probe.state]).toEqual([1, "pending"]);
    await bench.supply();
    expect(probe.value?.resource).toBe(1);
  });

  it("ends without a stampede: the pool grows again a few at a time", async () => {
    const bench = new Bench({ max: 50, maxConnecting: 2, retryMinMs: 100 });
    const recovered: unknown[] = [];
    bench.pool.on("recovered", (event) => recovered.push(event));
    void bench.pool.acquire().catch(() => undefined);
    await bench.fail("down");
    await bench.clock.advanceAsync(100);
    const probe = fateOf(bench.pool.acquire());
    await bench.supply();
    const crowd = Array.from({ length: 40 }, () => fateOf(bench.pool.acquire()));
    expect(bench.creates).toHaveLength(2);
    probe.value?.release();
    await settled();
    expect(crowd.filter(({ state }) => state === "ok")).toHaveLength(1);
    expect(recovered).toEqual([{ failures: 1 }]);
  });

  it("that begins while one is out keeps those who wait, until it is lost as well", async () => {
    const bench = new Bench({ max: 2 });
    const lease = bench.pool.acquire();
    await bench.supply();
    const waiting = [1, 2].map(() => fateOf(bench.pool.acquire()));
    await bench.fail("down");
    expect(waiting.map(({ state }) => state)).toEqual(["pending", "pending"]);
    (await lease).destroy(new Error("reset"));
    await settled();
    expect(waiting.map(({ error }) => (error as { readonly code?: string }).code)).toEqual(["ERR_POOL_UNAVAILABLE", "ERR_POOL_UNAVAILABLE"]);
  });

  it("the pause doubles up to retryMaxMs, less a random part of up to a half, and begins anew after a success", async () => {
    const bench = new Bench({ retryMinMs: 10, retryMaxMs: 35, random: () => 0.5 });
    const pauses: number[] = [];
    bench.pool.on("createFailed", ({ retryInMs }) => pauses.push(retryInMs));
    const failOnce = async (): Promise<void> => {
      void bench.pool.acquire().catch(() => undefined);
      await bench.fail("down");
      await bench.clock.advanceAsync(pauses.at(-1) ?? 0);
    };
    for (let i = 0; i < 4; i += 1) await failOnce();
    expect(pauses).toEqual([7.5, 15, 26.25, 26.25]);
    const lease = bench.pool.acquire();
    await bench.supply();
    (await lease).destroy();
    await failOnce();
    expect(pauses.at(-1)).toBe(7.5);
  });

  it("cannot spin a pool that keeps min, however fast creates fail", async () => {
    let creates = 0;
    const bench = instant({ min: 3, create: () => { creates += 1; throw new Error("down"); } });
    await expect(bench.pool.start()).rejects.toThrow("down");
    expect(creates).toBe(1);
    await bench.clock.advanceAsync(10_000);
    expect(creates).toBe(8); // at 0, 50, 150, 350, 750, 1550, 3150 and 6350 ms
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("has room for its probe only: maxWaiting refuses nobody who would be it", async () => {
    const bench = new Bench({ maxWaiting: 0, retryMinMs: 100 });
    void bench.pool.acquire().catch(() => undefined);
    await bench.fail("down");
    await bench.clock.advanceAsync(100);
    const probe = fateOf(bench.pool.acquire());
    await bench.supply();
    expect(probe.state).toBe("ok");
  });

  it("refuses wrong pauses", () => {
    expect(() => instant({ retryMinMs: 0 })).toThrow(/retryMinMs must be .* got 0/);
    expect(() => instant({ retryMinMs: 10, retryMaxMs: 9 })).toThrow(/retryMaxMs must be .* got 9/);
  });
});
