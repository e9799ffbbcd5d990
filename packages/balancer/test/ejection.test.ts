import type { EjectionOptions, Pick } from "@breakwater/balancer";
import type { Meter } from "@breakwater/core";
import { roundRobin } from "@breakwater/balancer";
import { describe, expect, it } from "vitest";
import { letters, order, pickOf, statsOf, tally, world, type World } from "./helpers.ts";

/** Round robin over so many, with these rules, and what happened written down. */
function watched(count: number, ejection: EjectionOptions = {}): World & { readonly log: string[] } {
  const w = world(count, { policy: roundRobin(), ejection });
  const log: string[] = [];
  w.balancer.on("ejected", ({ endpoint, rule, ejectMs }) => log.push(`${endpoint.key} ${rule} ${ejectMs}`));
  w.balancer.on("returned", ({ endpoint }) => log.push(`${endpoint.key} returned`));
  return { ...w, log };
}

function fail({ balancer }: World, key: string, times = 1): void {
  for (let i = 0; i < times; i += 1) pickOf(balancer, key).failure(new Error("down"));
}

/** Everybody answers, but those in `ratios` fail for that share of their calls. */
const judge = (ratios: Record<string, number>) => {
  const seen: Record<string, number> = {};
  return (pick: Pick<string>): void => {
    const ratio = ratios[pick.value] ?? 0;
    const calls = (seen[pick.value] = (seen[pick.value] ?? 0) + 1);
    if (Math.floor(calls * ratio) > Math.floor((calls - 1) * ratio)) pick.failure();
    else pick.success();
  };
};

describe("failures in a row", () => {
  it("eject at once, and a success in between begins anew", () => {
    const w = watched(4);
    fail(w, "b", 4);
    pickOf(w.balancer, "b").success();
    fail(w, "b", 4);
    expect(w.log).toEqual([]);
    fail(w, "b");
    expect(w.log).toEqual(["b consecutive-failures 30000"]);
    expect(Object.keys(tally(w.balancer, 30)).sort()).toEqual(["a", "c", "d"]);
    expect(statsOf(w.balancer, "b")).toMatchObject({ state: "ejected", ejections: 1 });
    expect(w.balancer.health).toEqual({ status: "DEGRADED", reason: "balancer has 3 of 4 endpoints available" });
  });

  it("neutral ends neither count nor begin anew", () => {
    const w = watched(3, { consecutiveFailures: 2 });
    fail(w, "a");
    pickOf(w.balancer, "a").cancel();
    pickOf(w.balancer, "a").release();
    fail(w, "a");
    expect(w.log).toHaveLength(1);
  });

  it("calls that were picked before an ejection or a return say nothing about the time after it", () => {
    const w = watched(3, { consecutiveFailures: 2, ejectMs: 1_000 });
    const early = Array.from({ length: 4 }, () => pickOf(w.balancer, "a"));
    fail(w, "a", 2);
    w.clock.advance(1_000);
    tally(w.balancer, 3); // a returned, and is well
    for (const pick of early) pick.failure();
    expect(w.log).toEqual(["a consecutive-failures 1000", "a returned"]);
    expect(statsOf(w.balancer, "a").failures).toBe(6); // counted all the same
  });

  it("false switches the rule off", () => {
    const w = watched(3, { consecutiveFailures: false });
    fail(w, "a", 50);
    expect(w.log).toEqual([]);
  });
});

describe("how many may go", () => {
  it.each([[1, 0], [2, 1], [3, 1], [9, 1], [19, 1], [20, 2], [26, 2]])("of %i with the default tenth: %i", (count, most) => {
    const w = watched(count);
    for (const { key } of letters(count)) {
      if (statsOf(w.balancer, key).state === "available") fail(w, key, 5);
    }
    expect(w.balancer.stats.ejected).toBe(most);
  });

  it("never the last that is available, though all may go", () => {
    const w = watched(3, { maxEjectedRatio: 1, consecutiveFailures: 1 });
    fail(w, "a");
    for (let i = 0; i < 40; i += 1) w.balancer.pick().failure(); // half of them are out, one more and it panics
    expect(w.balancer.stats).toMatchObject({ ejected: 2, available: 1 });
  });

  it("a share that is not exact in binary is not one less", () => {
    const w = watched(10, { maxEjectedRatio: 0.3, consecutiveFailures: 1 });
    for (const key of ["a", "b", "c", "d"]) fail(w, key);
    expect(w.balancer.stats.ejected).toBe(3);
  });

  it("one that could not go for lack of room goes with a later failure", () => {
    const w = watched(4, { consecutiveFailures: 2, ejectMs: 100 });
    fail(w, "a", 2);
    fail(w, "b", 2);
    expect(w.balancer.stats.ejected).toBe(1);
    w.clock.advance(100);
    fail(w, "b");
    expect(w.log.at(-1)).toBe("b consecutive-failures 100");
  });
});

describe("success rate", () => {
  it("at the end of an interval, who is far below the others goes", () => {
    const w = watched(5);
    tally(w.balancer, 600, judge({ c: 0.3 }));
    expect(w.log).toEqual([]);
    w.clock.advance(10_000);
    w.balancer.pick().success();
    expect(w.log).toEqual(["c success-rate 30000"]);
  });

  it.each([
    ["four endpoints are too few for it: nobody could stand out", 4, 600, { c: 0.4 }],
    ["too few calls say nothing", 5, 450, { c: 0.4 }],
    ["where all fail alike nobody goes", 5, 600, { a: 0.3, b: 0.3, c: 0.3, d: 0.3, e: 0.3 }],
    ["two of five that are equally bad cannot be seen", 5, 600, { a: 0.4, c: 0.4 }],
  ])("%s", (_, count, calls, ratios) => {
    const w = watched(count);
    tally(w.balancer, calls, judge(ratios));
    w.clock.advance(10_000);
    w.balancer.pick().success();
    expect(w.log).toEqual([]);
  });

  it("an interval that ends while nobody picks is judged by who settles next", () => {
    const w = watched(5);
    const last = w.balancer.pick();
    tally(w.balancer, 600, judge({ c: 0.3 }));
    w.clock.advance(25_000);
    last.success();
    expect(w.log).toEqual(["c success-rate 30000"]);
  });
});

describe("share of failures", () => {
  it("goes by itself alone, for small fleets", () => {
    const w = watched(2, { failureRatio: { ratio: 0.5, minEndpoints: 2, minCalls: 10 }, successRate: false });
    tally(w.balancer, 40, judge({ b: 0.5 }));
    w.clock.advance(10_000);
    w.balancer.pick().success();
    expect(w.log).toEqual(["b failure-ratio 30000"]);
  });

  it("is off by default, and the worst goes first where room is short", () => {
    const off = watched(4, { consecutiveFailures: false, successRate: false });
    tally(off.balancer, 400, judge({ b: 0.9 }));
    off.clock.advance(10_000);
    off.balancer.pick().success();
    expect(off.log).toEqual([]);
    const on = watched(5, { consecutiveFailures: false, successRate: false, failureRatio: {} });
    tally(on.balancer, 500, judge({ b: 0.9, c: 0.99, d: 0.95 }));
    on.clock.advance(10_000);
    on.balancer.pick().success();
    expect(on.log).toEqual(["c failure-ratio 30000"]);
  });
});

describe("how long it goes", () => {
  it("longer each time, up to the longest, and less again for each good interval", () => {
    const w = watched(3, { consecutiveFailures: 1, ejectMs: 1_000, maxEjectMs: 2_500, intervalMs: 10_000 });
    const again = (waitMs: number): void => {
      fail(w, "a");
      w.clock.advance(waitMs);
      w.balancer.pick().success();
    };
    again(1_000);
    again(2_000);
    again(2_500);
    expect(w.log.filter((line) => line.includes("consecutive"))).toEqual(["a consecutive-failures 1000", "a consecutive-failures 2000", "a consecutive-failures 2500"]);
    w.clock.advance(4_500); // the interval of its return ends, which was not good from the beginning
    w.balancer.pick().success();
    w.clock.advance(20_000); // two good ones
    w.balancer.pick().success();
    fail(w, "a");
    expect(w.log.at(-1)).toBe("a consecutive-failures 2000");
  });

  it("with up to so much jitter", () => {
    const w = watched(2, { consecutiveFailures: 1, ejectMs: 1_000, jitterMs: 500 });
    fail(w, "a");
    const ejectMs = Number(w.log[0]?.split(" ").at(-1));
    expect(ejectMs).toBeGreaterThan(1_000);
    expect(ejectMs).toBeLessThan(1_500);
  });

  it("sets no timer: it returns with the first caller after its time", () => {
    const w = watched(2, { consecutiveFailures: 1, ejectMs: 1_000 });
    fail(w, "a");
    expect(w.clock.pendingTimers).toBe(0);
    w.clock.advance(1_000);
    expect(statsOf(w.balancer, "a").state).toBe("available");
    expect(w.log).toHaveLength(1); // asking changes nothing
    expect(order(w.balancer, 4)).toContain("a");
    expect(w.log.at(-1)).toBe("a returned");
  });

  it("Infinity until it is restored, and a clock that goes back makes no ejection longer", () => {
    const w = watched(2, { consecutiveFailures: 1, ejectMs: Infinity, intervalMs: Infinity });
    fail(w, "a");
    w.clock.advance(1e12);
    expect(order(w.balancer, 2)).toBe("bb");
    expect([w.balancer.restore("a"), w.balancer.restore("a"), w.balancer.restore("z")]).toEqual([true, false, false]);
    expect(order(w.balancer, 2)).toContain("a");
    const back = watched(2, { consecutiveFailures: 1, ejectMs: 1_000 });
    fail(back, "a");
    back.clock.jump(-50_000);
    back.balancer.pick().success();
    back.clock.advance(1_000);
    expect(order(back.balancer, 2)).toContain("a");
  });
});

describe("by hand", () => {
  it("as many as one likes, without ejection by rule too", () => {
    const w = world(4, { ejection: false });
    expect([w.balancer.eject("a", 500), w.balancer.eject("b", 500), w.balancer.eject("z")]).toEqual([true, true, false]);
    expect(Object.keys(tally(w.balancer, 50)).sort()).toEqual(["c", "d"]);
    w.clock.advance(500);
    expect(Object.keys(tally(w.balancer, 200))).toHaveLength(4);
    expect(() => w.balancer.eject("a", NaN)).toThrow("ejectMs");
  });
});

describe("panic", () => {
  it("with less than half available all are used, and it says when it begins and ends", () => {
    const w = world(4, { policy: roundRobin() });
    const log: string[] = [];
    w.balancer.on("panicked", ({ available, total }) => log.push(`panicked ${available}/${total}`));
    w.balancer.on("calmed", ({ available, total }) => log.push(`calmed ${available}/${total}`));
    w.balancer.eject("a");
    w.balancer.eject("b");
    expect(Object.keys(tally(w.balancer, 40)).sort()).toEqual(["c", "d"]); // half is enough
    w.balancer.eject("c");
    expect(Object.keys(tally(w.balancer, 40)).sort()).toEqual(["a", "b", "c", "d"]);
    expect(w.balancer.stats).toMatchObject({ isPanicking: true, available: 1, ejected: 3 });
    expect(w.balancer.health.status).toBe("UNHEALTHY");
    w.balancer.restore("b");
    expect(log).toEqual(["panicked 1/4", "calmed 2/4"]);
  });

  it("when all are out all are used, also with a ratio of 0", () => {
    const w = world(2, { ejection: { consecutiveFailures: 1 }, panicRatio: 0 });
    fail(w, "a");
    w.balancer.update(letters(1)); // the other one leaves
    expect(w.balancer.pick().value).toBe("a");
    expect(w.balancer.stats).toMatchObject({ isPanicking: true, available: 0 });
  });
});

describe("what is asked while nobody calls", () => {
  it("is as of now: a panic whose ejections are over is none, or who is not ready because of it would never be again", () => {
    const read = new Map<string, () => number>();
    const meter: Meter = {
      counter: () => ({ add: () => undefined }),
      histogram: () => ({ record: () => undefined }),
      gauge: (_, value, { attributes } = {}) => (read.set(String(attributes?.state), value), () => undefined),
    };
    const w = world(4, { meter });
    for (const key of ["a", "b", "c"]) w.balancer.eject(key, 1_000);
    expect(w.balancer.health.status).toBe("UNHEALTHY");
    expect(read.get("ejected")?.()).toBe(3);
    w.clock.advance(1_000);
    expect(w.balancer.stats).toMatchObject({ isPanicking: false, available: 4, ejected: 0 });
    expect(w.balancer.health.status).toBe("HEALTHY");
    expect(["available", "ejected"].map((state) => read.get(state)?.())).toEqual([4, 0]);
  });
});

describe("weight 0", () => {
  it("takes no counts along: what was before it is not judged after it", () => {
    const w = watched(5, { consecutiveFailures: false });
    const weightOfE = (weight: number): void => w.balancer.update(letters(5).map((each) => (each.key === "e" ? { ...each, weight } : each)));
    tally(w.balancer, 600, judge({ e: 0.9 }));
    weightOfE(0);
    w.clock.advance(10_000);
    tally(w.balancer, 480);
    weightOfE(1);
    tally(w.balancer, 5);
    w.clock.advance(10_000);
    w.balancer.pick().success();
    expect(w.log).toEqual([]);
  });
});

describe("listeners", () => {
  it("that throw or call back in change nothing of what was done", () => {
    const w = watched(3, { consecutiveFailures: 1 });
    w.balancer.on("ejected", ({ endpoint }) => {
      expect(statsOf(w.balancer, endpoint.key).state).toBe("ejected"); // state first, then the news
      w.balancer.restore(endpoint.key);
    });
    fail(w, "a");
    expect(w.log).toEqual(["a consecutive-failures 30000", "a returned"]);
    expect(w.balancer.stats.available).toBe(3);
  });
});
