import { peakEwma, powerOfTwo, random, roundRobin, smoothWeighted, type Policy } from "@breakwater/balancer";
import { describe, expect, it, vi } from "vitest";
import { letters, order, pickOf, statsOf, tally, world } from "./helpers.ts";

describe("update", () => {
  it("is a difference by key: who stays keeps statistics and load, and takes what is new", () => {
    const { balancer, clock } = world(2);
    const pick = pickOf(balancer, "a");
    clock.advance(40);
    pick.success();
    const before = statsOf(balancer, "a");
    const open = pickOf(balancer, "a");
    balancer.update([{ key: "a", value: "A", weight: 2, zone: "x" }, { key: "c", value: "c" }]);
    expect(statsOf(balancer, "a")).toMatchObject({ picks: before.picks + 1, successes: 1, pending: 1, weight: 2, zone: "x", load: 40 });
    expect(open.value).toBe("a"); // as it was picked
    open.release();
    expect(pickOf(balancer, "A").endpoint).toEqual({ key: "a", value: "A", weight: 2, zone: "x" });
  });

  it("one that is removed gets no more calls, and drains", () => {
    const { balancer } = world(2);
    const log: string[] = [];
    for (const type of ["added", "removed", "drained"] as const) balancer.on(type, ({ endpoint }) => log.push(`${type} ${endpoint.key}`));
    const [first, second] = [pickOf(balancer, "b"), pickOf(balancer, "b")];
    balancer.update(letters(1));
    expect(tally(balancer, 20)).toEqual({ a: 20 });
    expect(statsOf(balancer, "b")).toMatchObject({ state: "draining", pending: 2 });
    first.success();
    expect(log).toEqual(["removed b"]);
    second.failure();
    expect(log).toEqual(["removed b", "drained b"]);
    expect(balancer.stats).toMatchObject({ draining: 0, pending: 0 });
    balancer.update(letters(2));
    balancer.update(letters(1));
    expect(log.slice(2)).toEqual(["added b", "removed b", "drained b"]);
  });

  it("one that comes back while it drains is the same as before", () => {
    const { balancer } = world(2);
    const open = pickOf(balancer, "b");
    balancer.update(letters(1));
    balancer.update(letters(2));
    expect(statsOf(balancer, "b")).toMatchObject({ state: "available", pending: 1, picks: 1 });
    const drained = vi.fn();
    balancer.on("drained", drained);
    open.success();
    expect(statsOf(balancer, "b")).toMatchObject({ pending: 0, successes: 1 });
    expect(drained).not.toHaveBeenCalled();
  });

  it("a wrong list changes nothing", () => {
    const { balancer } = world(2);
    expect(() => balancer.update([{ key: "z", value: "z", weight: NaN }])).toThrow(RangeError);
    expect(balancer.stats.endpoints.map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("to nothing and back", () => {
    const { balancer } = world(2, { policy: roundRobin() });
    balancer.update([]);
    expect(() => balancer.pick()).toThrow("has no endpoint");
    balancer.update(letters(2));
    expect(order(balancer, 2)).toBe("ab");
  });
});

describe("slow start", () => {
  const slowStart = { windowMs: 10_000 };

  it("one that joins gets little, then more, then its share", () => {
    const { balancer, clock } = world(4, { policy: random(), slowStart });
    expect(statsOf(balancer, "a").state).toBe("available"); // all are new: nobody is spared
    balancer.update(letters(5));
    const share = (): number => (tally(balancer, 4_000).e ?? 0) / 4_000;
    expect(statsOf(balancer, "e").state).toBe("starting");
    expect(Math.abs(share() - 0.1 / 4.1)).toBeLessThan(0.01); // at time 0 the least share, not none
    clock.advance(5_000);
    expect(Math.abs(share() - 0.5 / 4.5)).toBeLessThan(0.02);
    clock.advance(5_000);
    expect(Math.abs(share() - 0.2)).toBeLessThan(0.025);
    expect(statsOf(balancer, "e").state).toBe("available");
  });

  it("begins with a return as well", () => {
    const { balancer, clock } = world(2, { policy: powerOfTwo(), slowStart });
    balancer.eject("b", 1_000);
    clock.advance(1_000);
    const held = tally(balancer, 110, () => undefined);
    expect(held.b).toBe(10); // a tenth of what the other has in flight
  });

  it.each<[string, () => Policy]>([["round robin", roundRobin], ["smooth", smoothWeighted], ["random", random]])("is kept by %s", (_, policy) => {
    const { balancer } = world(1, { policy: policy(), slowStart });
    balancer.update(letters(2));
    const b = tally(balancer, 2_000).b ?? 0;
    expect(b).toBeGreaterThan(100);
    expect(b).toBeLessThan(270);
  });

  it("holds the herd back from one that has answered once, quickly and without load", () => {
    const held = (options: object): number => {
      const { balancer, clock } = world(1, { policy: peakEwma(), ...options });
      for (let i = 0; i < 20; i += 1) {
        const pick = balancer.pick();
        clock.advance(10);
        pick.success();
      }
      balancer.update(letters(2));
      const first = pickOf(balancer, "b");
      clock.advance(10);
      first.success();
      return tally(balancer, 110, () => undefined).b ?? 0;
    };
    expect(held({ slowStart })).toBeLessThan(13);
    expect(held({})).toBeGreaterThan(50);
  });

  it("aggression bends the way there", () => {
    const { balancer, clock } = world(1, { policy: powerOfTwo(), slowStart: { windowMs: 10_000, aggression: 2 } });
    balancer.update(letters(2));
    clock.advance(2_500);
    expect(tally(balancer, 300, () => undefined).b).toBe(100); // (1/4)^(1/2) = 1/2
  });
});

describe("zones", () => {
  /** So many endpoints in each zone: x1, x2 ... y1 ... */
  const zoned = (zones: Record<string, number>) =>
    Object.entries(zones).flatMap(([zone, count]) => Array.from({ length: count }, (_, index) => ({ key: `${zone}${index}`, value: zone, zone })));
  const nearRatio = (zones: Record<string, number>, ejected: readonly string[] = [], zone: object = {}): number => {
    const { balancer } = world(0, { policy: random(), endpoints: zoned(zones), zone: { own: "x", ...zone } });
    for (const key of ejected) balancer.eject(key);
    return (tally(balancer, 4_000).x ?? 0) / 4_000;
  };

  it("calls stay in the own zone while it has capacity", () => {
    expect(nearRatio({ x: 3, y: 3, z: 3 })).toBe(1);
    expect(nearRatio({ x: 4, y: 4 }, ["x0"])).toBe(1); // 75 % of it, 1.4 times over
  });

  it("spill by what is healthy: half of the zone keeps 70 %", () => {
    expect(Math.abs(nearRatio({ x: 4, y: 4 }, ["x0", "x1"]) - 0.7)).toBeLessThan(0.03);
    expect(Math.abs(nearRatio({ x: 4, y: 4 }, ["x0", "x1", "x2"]) - 0.35)).toBeLessThan(0.03);
    expect(nearRatio({ x: 3, y: 5 }, ["x0", "x1", "x2"])).toBe(0);
  });

  it("a zone that has less than its share keeps less", () => {
    expect(Math.abs(nearRatio({ x: 1, y: 9 }) - 1.4 / 5)).toBeLessThan(0.03);
    expect(nearRatio({ x: 1, y: 9 }, [], { trafficShare: 0.1 })).toBe(1);
  });

  it("do not matter with few endpoints, in a panic, or when nobody is near", () => {
    expect(Math.abs(nearRatio({ x: 2, y: 3 }) - 0.4)).toBeLessThan(0.03);
    expect(Math.abs(nearRatio({ x: 3, y: 3 }, ["y0", "y1", "y2", "x0"]) - 0.5)).toBeLessThan(0.03);
    expect(nearRatio({ y: 6, z: 6 })).toBe(0);
  });
});
