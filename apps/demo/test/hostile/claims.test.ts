import { describe, expect, it } from "vitest";
import type { Attack } from "../../src/hostile/attacks/attack.ts";
import { judge } from "../../src/hostile/claims.ts";
import type { AttackReport, HostileReport } from "../../src/hostile/run-hostile.ts";

const attack: Attack = { name: "noise", title: "", expected: { shouts: { must: ["400"], may: ["left"] } }, run: () => Promise.resolve() };
const megabyte = 2 ** 20;
const memory = { rss: 100 * megabyte, heap: 10 * megabyte };
const traffic = { durationMs: 1_000, sent: 100, inTime: 100, missed: {}, p50Ms: 1, p99Ms: 2, slowestMs: 3 };
const well: AttackReport = {
  attack: "noise",
  traffic,
  share: 1,
  memory: { before: memory, highest: memory, after: memory },
  told: { shouts: { 400: 3, left: 1 } },
  dropped: {},
  connectionsLeft: 0,
};

type Server = HostileReport["server"];

function broken(change: Partial<AttackReport>, server: Partial<Server> = {}): string[] {
  const rest = { keys: {}, mishaps: [], ...server } as unknown as Server; // the stats are not judged
  const claims = judge({ ratePerSecond: 200, deadlineMs: 1_000, keys: 100, calm: traffic, attacks: [{ ...well, ...change }], server: rest }, [attack]);
  return claims.filter(({ isKept }) => !isKept).map(({ claim, detail }) => `${claim}: ${detail}`);
}

describe("what is claimed of an attack", () => {
  it("is kept when all went well", () => {
    expect(broken({})).toEqual([]);
  });

  it("is broken when normal traffic loses more than a tenth", () => {
    expect(broken({ share: 0.9 })).toEqual([]);
    expect(broken({ share: 0.89, traffic: { ...traffic, inTime: 89, missed: { "http: not in time": 11 } } })).toEqual([
      "noise: normal traffic kept 90 % of its throughput: 89 of 100, 89.0 % of before; http: not in time 11",
    ]);
  });

  it("is broken when memory grows without bound, or stays, and when connections stay", () => {
    const highest = { ...memory, rss: 357 * megabyte };
    expect(broken({ memory: { before: memory, highest, after: memory } })).toEqual(["noise: memory grew by at most 256 MB: by 257 MB"]);
    expect(broken({ memory: { before: memory, highest: memory, after: { ...memory, heap: 43 * megabyte } } })).toEqual(["noise: nothing is left of it: 0 connections, 33 MB of heap"]);
    expect(broken({ connectionsLeft: 1 })).toEqual(["noise: nothing is left of it: 1 connections, 0 MB of heap"]);
  });

  it("is broken when attackers are told something else, or not what they must be", () => {
    const claim = "noise: each attacker was told what it should be";
    expect(broken({ told: { shouts: { 400: 3, 500: 1 } } })).toEqual([`${claim}: shouts: 500`]);
    expect(broken({ told: { shouts: { left: 1 } } })).toEqual([`${claim}: shouts: nobody heard 400`]);
    expect(broken({ told: {} })).toEqual([`${claim}: shouts: nobody heard 400`]);
  });

  it("is broken by an error that the server did not expect, and not by the warning that metrics owe", () => {
    expect(broken({}, { mishaps: ["RangeError: ... go to otel.metric.overflow; ..."] })).toEqual([]);
    expect(broken({}, { mishaps: ["500: TypeError"] })).toEqual(["nothing came that the server did not expect: 500: TypeError"]);
  });

  it("is broken when more keys are remembered than may be", () => {
    expect(broken({ attack: "keys", told: {} }, { keys: { rates: 50_001 } })).toEqual(["of 100 keys at most 50000 are remembered: rates 50001"]);
  });
});
