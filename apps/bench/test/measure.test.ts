import { describe, expect, it } from "vitest";
import type { Candidate } from "../src/candidate.ts";
import { calibrate, measure, median, rotate } from "../src/measure.ts";

/** A clock that moves only while a candidate works. */
class FakeTime {
  ms = 0;
  readonly now = (): number => this.ms;

  candidate(name: string, kind: Candidate["kind"], msPerOp: number, log: string[] = []): Candidate {
    return {
      name,
      kind,
      prepare: () => (count) => {
        log.push(name);
        this.ms += count * msPerOp;
      },
    };
  }
}

describe("measuring", () => {
  it("takes the middle", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, NaN]);
  });

  it("starts each round with another candidate", () => {
    expect([0, 1, 2, 3].map((by) => rotate(["a", "b", "c"], by).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  });

  it("gives each candidate as many operations as take one round", async () => {
    const time = new FakeTime();
    for (const msPerOp of [0.001, 0.25, 7]) {
      const run = await time.candidate("x", "ours", msPerOp).prepare();
      const count = await calibrate(run, 10, time.now);
      expect(count * msPerOp).toBeGreaterThan(4);
      expect(count * msPerOp).toBeLessThan(20);
    }
  });

  it("answers ns per operation, and the ratio to the floor", async () => {
    const time = new FakeTime();
    const candidates = [time.candidate("bare", "floor", 0.001), time.candidate("mine", "ours", 0.002)];
    const rows = await measure({ group: "g", name: "c", candidates }, { roundMs: 5, rounds: 3 }, time.now);
    expect(rows.map(({ name, kind, version }) => [name, kind, version])).toEqual([["bare", "floor", ""], ["mine", "ours", ""]]);
    expect(rows[0]?.nsPerOp).toBeCloseTo(1000);
    expect(rows[1]?.vsFloor).toBeCloseTo(2);
  });

  it("interleaves the candidates in every round", async () => {
    const time = new FakeTime();
    const log: string[] = [];
    const candidates = ["a", "b"].map((name) => time.candidate(name, name === "a" ? "floor" : "ours", 1, log));
    await measure({ group: "g", name: "c", candidates }, { roundMs: 1, rounds: 3 }, time.now);
    expect(log.slice(-6).join("")).toBe("abbaab");
  });

  it("shows the version of a rival, and fails where a candidate does not work", async () => {
    const time = new FakeTime();
    const rival: Candidate = { ...time.candidate("r", "rival", 1), package: "p-limit" };
    const [row] = await measure({ group: "g", name: "c", candidates: [rival] }, { roundMs: 1, rounds: 1 }, time.now);
    expect(row?.version).toMatch(/^\d+\.\d+\.\d+$/);
    const broken: Candidate = {
      name: "b",
      kind: "rival",
      prepare: () => {
        throw new Error("a candidate does not do its work");
      },
    };
    const failing = measure({ group: "g", name: "c", candidates: [broken] }, { roundMs: 1, rounds: 1 }, time.now);
    await expect(failing).rejects.toThrow("a candidate does not do its work");
  });
});
