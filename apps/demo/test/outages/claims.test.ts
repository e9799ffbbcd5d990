import { describe, expect, it } from "vitest";
import { judgeExits, judgeOutage } from "../../src/outages/claims.ts";
import type { OutageReport } from "../../src/outages/outage.ts";
import type { PhaseReport } from "../../src/outages/tally.ts";

const terms = { deadlineMs: 1_000, processes: 2 };

function phase(given: Partial<PhaseReport> = {}): PhaseReport {
  const none = { order: {}, product: {} };
  return { name: "gone", durationMs: 1, answered: { order: 10, product: 5 }, refused: none, failed: none, slowestMs: 80, ...given };
}

function outage(given: Partial<OutageReport> = {}): OutageReport {
  const breaker = { openedMs: { "service-1": 120, "service-2": 200 }, closedMs: 300, steps: [] };
  return { dependency: "upstream", phases: [phase()], goneMs: 1, breaker, recoveryMs: 310, standstillMs: 0, ...given };
}

const broken = (report: OutageReport): string[] => judgeOutage(report, terms).filter(({ isKept }) => !isKept).map(({ claim, detail }) => `${claim}: ${detail}`);

describe("the claims about an outage", () => {
  it("are kept when all was as promised, orders that were refused included", () => {
    const claims = judgeOutage(outage({ phases: [phase({ refused: { order: { ERR_BREAKER_OPEN: 7 }, product: {} } })] }), terms);
    expect(claims.map(({ claim, isKept, detail }) => [claim, isKept, detail])).toEqual([
      ["upstream: every request was answered or refused", true, "22 were"],
      ["upstream: each of them within its deadline", true, "the slowest after 80 ms of 1000"],
      ["upstream: the breaker opened in every process", true, "in 2 of 2, after 200 ms at the latest"],
      ["upstream: all was well within 2000 ms of its return", true, "after 310 ms"],
      ["upstream: products were answered all the time", true, "5 were"],
    ]);
  });

  it.each<[string, Partial<OutageReport>, string]>([
    ["a request that neither was", { phases: [phase({ failed: { order: { ECONNRESET: 2 }, product: {} } })] }, "upstream: every request was answered or refused: 2 of 17 were not: ECONNRESET 2"],
    ["one that came late", { phases: [phase(), phase({ slowestMs: 1_001 })] }, "upstream: each of them within its deadline: the slowest after 1001 ms of 1000, by a clock that stood still for 0 ms"],
    ["a breaker that did not open", { breaker: { openedMs: { "service-2": 9 }, closedMs: 1, steps: [] } }, "upstream: the breaker opened in every process: in 1 of 2, after 9 ms at the latest"],
    ["a late recovery", { recoveryMs: 2_001 }, "upstream: all was well within 2000 ms of its return: after 2001 ms"],
    ["no recovery", { recoveryMs: null }, "upstream: all was well within 2000 ms of its return: it was not"],
    ["a product that was refused", { phases: [phase({ refused: { order: {}, product: { ERR_POOL_FULL: 1 } } })] }, "upstream: products were answered all the time: 1 were refused: ERR_POOL_FULL 1"],
  ])("are broken by %s", (_, given, message) => {
    expect(broken(outage(given))).toEqual([message]);
  });

  it("are broken by a load that came to nothing", () => {
    expect(broken(outage({ phases: [phase({ answered: { order: 0, product: 0 } })] }))).toHaveLength(2);
  });

  it("say of Redis that nobody may notice", () => {
    const refused = { order: { "redis-failed": 3 }, product: {} };
    expect(broken(outage({ dependency: "redis", phases: [phase({ refused })] }))).toEqual(["redis: no order was refused for it: redis-failed 3"]);
  });

  it("do not blame an answer for a clock that could not be looked at", () => {
    expect(broken(outage({ phases: [phase({ slowestMs: 1_040 })], standstillMs: 50 }))).toEqual([]);
  });
});

describe("the claim about the end", () => {
  const drained = { code: 0, signal: null, error: undefined, forced: [] };

  it("is kept when every process drained", () => {
    expect(judgeExits([drained, drained])).toMatchObject({ isKept: true, detail: "exit 0; exit 0" });
  });

  it.each([
    [[drained, { ...drained, code: 1, forced: ["http forced"] }], "exit 0; exit 1, http forced"],
    [[{ ...drained, code: null, signal: "SIGKILL", forced: undefined } as const], "SIGKILL"],
    [[], ""],
  ])("is broken by one that did not: %#", (exits, detail) => {
    expect(judgeExits(exits)).toMatchObject({ isKept: false, detail });
  });
});
