import { leastRequest, powerOfTwo, random, rendezvous, roundRobin, smoothWeighted, type Candidate, type Policy } from "@breakwater/balancer";
import type { Call } from "@breakwater/core";
import { describe, expect, it } from "vitest";
import { letters, order, script, statsOf, tally, world } from "./helpers.ts";

const byWeight = (...weights: number[]) => letters(weights.length).map((endpoint, index) => ({ ...endpoint, weight: weights[index] }));

describe("two choices", () => {
  it("draws two that differ, and each pair in both orders", () => {
    const { balancer } = world(2, { policy: powerOfTwo() });
    balancer.pick(); // one of the two has a call; an endpoint that met itself would get another now and then
    for (let i = 0; i < 200; i += 1) {
      const pick = balancer.pick();
      const [a, b] = balancer.stats.endpoints;
      expect([a?.pending, b?.pending]).toEqual([1, 1]);
      pick.release();
    }
  });

  it("moves the second past the first: of three, 0 and then 0 are the first and the second endpoint", () => {
    const { balancer } = world(3, { policy: powerOfTwo(), random: script(0, 0, 0, 0) });
    expect([balancer.pick().value, balancer.pick().value]).toEqual(["a", "b"]);
  });

  it("a tie favours nobody: an idle fleet is picked evenly", () => {
    const { balancer } = world(5, { policy: powerOfTwo() });
    for (const count of Object.values(tally(balancer, 10_000))) expect(Math.abs(count - 2_000)).toBeLessThan(160); // 4 sigma
  });

  it("keeps the load level: 1000 calls in flight on 10 are nearly 100 each", () => {
    const { balancer } = world(10, { policy: powerOfTwo() });
    for (const count of Object.values(tally(balancer, 1_000, () => undefined))) expect(Math.abs(count - 100)).toBeLessThanOrEqual(4);
  });

  it("a weight is a share of what is in flight", () => {
    const { balancer } = world(2, { policy: powerOfTwo(), endpoints: byWeight(3, 1) });
    expect(tally(balancer, 400, () => undefined)).toEqual({ a: 300, b: 100 });
  });
});

describe("round robin", () => {
  it("goes on behind the last one when the list changes, rather than beginning anew", () => {
    const { balancer } = world(4, { policy: roundRobin() });
    expect(order(balancer, 2)).toBe("ab");
    balancer.update(letters(5));
    expect(order(balancer, 2)).toBe("cd");
    balancer.update(letters(5).filter(({ key }) => key !== "d")); // the last one itself leaves
    expect(order(balancer, 5)).toBe("eabce");
  });

  it("an update with each pick still gives everybody a turn", () => {
    const { balancer } = world(3, { policy: roundRobin() });
    let seen = "";
    for (let i = 0; i < 6; i += 1) {
      seen += order(balancer, 1);
      balancer.update(letters(3).reverse()); // the order of the list does not matter either
    }
    expect(seen).toBe("abcabc");
  });
});

describe("weights", () => {
  it("smooth weighted round robin spreads the turns of the heavy one as nginx does", () => {
    const { balancer } = world(3, { policy: smoothWeighted(), endpoints: byWeight(5, 1, 1) });
    expect(order(balancer, 14)).toBe("aabacaaaabacaa");
  });

  it("smooth weighted round robin goes on through an update", () => {
    const { balancer } = world(3, { policy: smoothWeighted(), endpoints: byWeight(5, 1, 1) });
    expect(order(balancer, 3)).toBe("aab");
    balancer.update(byWeight(5, 1, 1));
    expect(order(balancer, 4)).toBe("acaa");
  });

  it("random draws by weight", () => {
    const { balancer } = world(3, { policy: random(), endpoints: byWeight(6, 3, 1) });
    const { a = 0, b = 0, c = 0 } = tally(balancer, 10_000);
    expect(Math.abs(a - 6_000)).toBeLessThan(200);
    expect(Math.abs(b - 3_000)).toBeLessThan(190);
    expect(Math.abs(c - 1_000)).toBeLessThan(120);
  });

  it("random with equal weights is even", () => {
    const { balancer } = world(4, { policy: random() });
    for (const count of Object.values(tally(balancer, 10_000))) expect(Math.abs(count - 2_500)).toBeLessThan(175);
  });

  it("least request with unequal weights gives turns by weight while idle, and fewer to who is busy", () => {
    const { balancer } = world(2, { policy: leastRequest(), endpoints: byWeight(3, 1) });
    const { a = 0, b = 0 } = tally(balancer, 4_000);
    expect(Math.abs(a / b - 3)).toBeLessThan(0.05);
    const busy = world(2, { policy: leastRequest(), endpoints: byWeight(3, 1) }).balancer;
    const held = tally(busy, 1_000, (pick) => { if (pick.value === "b") pick.success(); }); // the heavy one never ends a call
    expect(held.a).toBeLessThan(120);
  });

  it("least request keeps its turns through an update", () => {
    const { balancer } = world(2, { policy: leastRequest({ bias: 0 }), endpoints: byWeight(3, 1) });
    const counts = { a: 0, b: 0 };
    for (let i = 0; i < 400; i += 1) {
      counts[order(balancer, 1) as "a" | "b"] += 1;
      balancer.update(byWeight(3, 1));
    }
    expect(Math.abs(counts.a - 300)).toBeLessThanOrEqual(2);
  });

  const all: [string, () => Policy][] = [
    ["round robin", roundRobin], ["smooth", smoothWeighted], ["random", random], ["least request", leastRequest], ["two", powerOfTwo],
    ["rendezvous", () => rendezvous({ keyOf: () => undefined })],
  ];
  it.each(all)("%s: weight 0 gets nothing beside others, and if all have it they are equal", (_, policy) => {
    const { balancer } = world(3, { policy: policy(), endpoints: byWeight(1, 0, 1) });
    expect(Object.keys(tally(balancer, 50)).sort()).toEqual(["a", "c"]);
    expect(statsOf(balancer, "b").state).toBe("standby");
    balancer.update(byWeight(0, 0, 0));
    const counts = tally(balancer, 3_000);
    for (const key of ["a", "b", "c"]) expect(Math.abs((counts[key] ?? 0) - 1_000)).toBeLessThan(120);
  });
});

describe("rendezvous", () => {
  interface Keyed extends Call {
    readonly user?: string;
  }
  const policy = rendezvous({ keyOf: ({ user }: Keyed) => user });
  const placesOf = (balancer: ReturnType<typeof world>["balancer"]): string[] =>
    Array.from({ length: 2_000 }, (_, index) => {
      const call: Keyed = { user: `user-${index}` };
      const pick = balancer.pick(call);
      pick.success();
      return pick.value;
    });

  it("the same key goes to the same endpoint, and all get their share by weight", () => {
    const { balancer } = world(4, { policy, endpoints: byWeight(2, 1, 1, 1) });
    const places = placesOf(balancer);
    expect(placesOf(balancer)).toEqual(places);
    const count = (key: string): number => places.filter((place) => place === key).length;
    expect(Math.abs(count("a") - 800)).toBeLessThan(90);
    expect(Math.abs(count("b") - 400)).toBeLessThan(75);
  });

  it("when one leaves or is ejected only its own keys move, and they come back with it", () => {
    const { balancer } = world(5, { policy });
    const before = placesOf(balancer);
    balancer.eject("c");
    const after = placesOf(balancer);
    before.forEach((place, index) => place === "c" ? expect(after[index]).not.toBe("c") : expect(after[index]).toBe(place));
    expect(new Set(after.filter((_, index) => before[index] === "c")).size).toBe(4); // to all others
    balancer.restore("c");
    expect(placesOf(balancer)).toEqual(before);
  });

  it("what keyOf throws fails the call and leaves nothing in flight", async () => {
    const error = new Error("no key");
    const { balancer } = world(2, { policy: rendezvous({ keyOf: () => { throw error; } }) });
    await expect(balancer.run(() => 1)).rejects.toBe(error);
    expect(balancer.stats.pending).toBe(0);
  });
});

describe("a policy of one's own", () => {
  it("sees the candidates and chooses among them", () => {
    const first: Policy<null> = {
      name: "first",
      readsClock: false,
      strategy: () => ({
        newState: () => null,
        selector: () => {
          let there: readonly Candidate<null>[] = [];
          return { changed: (candidates) => (there = candidates), choose: () => there[0] ?? expect.fail("nobody") };
        },
        loadOf: () => 0,
      }),
    };
    const { balancer } = world(3, { policy: first });
    expect(order(balancer, 3)).toBe("aaa");
    balancer.eject("a");
    expect(order(balancer, 1)).toBe("b");
    expect(balancer.stats.policy).toBe("first");
  });

  it("must choose one of them", () => {
    const { balancer } = world(2, { policy: { name: "none", readsClock: false, strategy: () => ({ newState: () => null, selector: () => ({ changed: () => undefined, choose: () => ({}) as never }), loadOf: () => 0 }) } });
    expect(() => balancer.pick()).toThrow(TypeError);
    expect(balancer.stats.pending).toBe(0);
  });
});
