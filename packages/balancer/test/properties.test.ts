import { leastRequest, peakEwma, powerOfTwo, random, rendezvous, roundRobin, smoothWeighted, type Pick, type Policy } from "@breakwater/balancer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { letters, world } from "./helpers.ts";

const policies: Record<string, () => Policy> = {
  roundRobin, smoothWeighted, random, powerOfTwo, leastRequest, peakEwma, rendezvous: () => rendezvous({ keyOf: ({ priority }) => String(priority) }),
};

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pick" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("settle" as const), which: fc.nat(), how: fc.constantFrom("success", "failure", "cancel", "release"), twice: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("update" as const), keep: fc.nat(63), weights: fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("eject" as const), which: fc.nat(5), ms: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: -100, max: 1_000 }) }) },
);

describe("whatever happens", () => {
  it.each(Object.keys(policies))("%s: what is in flight is what was picked and not settled, for each key; the last available one stays", (name) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { balancer, clock } = world(6, { policy: policies[name]?.(), ejection: { consecutiveFailures: 2, ejectMs: 300, intervalMs: 400, maxEjectedRatio: 0.5 }, slowStart: { windowMs: 300 } });
        const open: { readonly pick: Pick<string>; readonly key: string }[] = [];
        const totals: Record<string, number> = {};
        let listed = letters(6).map(({ key }) => key);
        balancer.on("ejected", ({ rule }) => rule === "manual" || expect(balancer.stats.available + balancer.stats.endpoints.filter(({ state }) => state === "standby").length).toBeGreaterThan(0));
        for (const action of steps) {
          if (action.do === "pick" && listed.length > 0) {
            const pick = balancer.pick();
            expect(listed).toContain(pick.value);
            open.push({ pick, key: pick.value });
            totals[pick.value] = (totals[pick.value] ?? 0) + 1;
          } else if (action.do === "pick") {
            expect(() => balancer.pick()).toThrow();
          } else if (action.do === "settle" && open.length > 0) {
            const [settled] = open.splice(action.which % open.length, 1);
            settled?.pick[action.how as "success"]();
            if (action.twice) settled?.pick.failure();
          } else if (action.do === "update") {
            const list = letters(6).map((endpoint, index) => ({ ...endpoint, weight: action.weights[index] })).filter((_, index) => (action.keep >> index) % 2 === 1);
            listed = list.map(({ key }) => key);
            balancer.update(list);
          } else if (action.do === "eject") balancer.eject("abcdef".charAt(action.which), action.ms);
          else if (action.do === "restore") balancer.restore("abcdef".charAt(action.which));
          else if (action.do === "time") clock.jump(action.ms);
          const { endpoints, pending } = balancer.stats;
          expect(pending).toBe(open.length);
          for (const endpoint of endpoints) expect(endpoint.pending).toBe(open.filter(({ key }) => key === endpoint.key).length);
          for (const endpoint of endpoints) expect(endpoint.picks).toBe(endpoint.pending + endpoint.successes + endpoint.failures + endpoint.neutrals);
          expect(endpoints.filter(({ state }) => state !== "draining").map(({ key }) => key).sort()).toEqual([...listed].sort());
          expect(endpoints.filter(({ state, pending: count }) => state === "draining" && count === 0)).toEqual([]);
        }
        for (const { pick } of open) pick.release();
        expect(balancer.stats).toMatchObject({ pending: 0, draining: 0 });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it("updates through any lists in between end as one update to the last list would, with the statistics of who stayed all along", () => {
    const subset = fc.subarray(letters(8));
    fc.assert(
      fc.property(fc.array(subset, { minLength: 1, maxLength: 6 }), (lists) => {
        const { balancer } = world(8, { policy: roundRobin() });
        for (let i = 0; i < 80; i += 1) balancer.pick().success();
        for (const list of lists) balancer.update(list);
        const last = lists.at(-1) ?? [];
        const stats = balancer.stats.endpoints;
        expect(stats.map(({ key }) => key).sort()).toEqual(last.map(({ key }) => key));
        for (const { key, picks } of stats) {
          const stayed = lists.every((list) => list.some((endpoint) => endpoint.key === key));
          expect(picks).toBe(stayed ? 10 : 0);
        }
        if (last.length === 0) return;
        const seen = new Set(Array.from({ length: last.length }, () => balancer.pick().value));
        expect(seen.size).toBe(last.length); // one round is everybody once
      }),
      { numRuns: 60 },
    );
  });
});
