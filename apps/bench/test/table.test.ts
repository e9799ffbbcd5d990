import { describe, expect, it } from "vitest";
import type { Row } from "../src/candidate.ts";
import { groups } from "../src/groups/index.ts";
import { tableOf } from "../src/table.ts";

const row = (name: string, kind: Row["kind"], nsPerOp: number, vsFloor: number, version = ""): Row => ({
  group: "breaker",
  case: "closed",
  name,
  kind,
  version,
  nsPerOp,
  vsFloor,
});

describe("the table", () => {
  it("has the floor first, then from fast to slow, ours marked, in columns", () => {
    const rows = [row("slow", "rival", 3000, 100, "1.2.3"), row("run", "ours", 45.26, 1.5), row("bare", "floor", 30, 1)];
    expect(tableOf(rows, false).split("\n")).toEqual([
      "breaker: closed",
      "    bare             30.0 ns     1.00 x  ▏",
      "  * run              45.3 ns     1.50 x  ██",
      "    slow 1.2.3      3,000 ns    100.0 x  ████████████████████████",
    ]);
  });

  it("is coloured for terminals only", () => {
    expect(tableOf([row("bare", "floor", 30, 1)], true)).toContain("\u001b[2m");
    expect(tableOf([row("bare", "floor", 30, 1)], false)).not.toContain("\u001b");
  });

  it("of nothing is nothing", () => {
    expect(tableOf([], false)).toBe("");
  });
});

describe("every case", () => {
  it("has one floor, which stands first, at least one of ours, and names of its own", () => {
    for (const [group, cases] of Object.entries(groups)) {
      for (const { candidates, name, group: own } of cases) {
        expect(own).toBe(group);
        expect(candidates.map(({ kind }) => kind).indexOf("floor"), name).toBe(0);
        expect(candidates.filter(({ kind }) => kind === "floor")).toHaveLength(1);
        expect(candidates.some(({ kind }) => kind === "ours")).toBe(true);
        expect(new Set(candidates.map((candidate) => candidate.name)).size).toBe(candidates.length);
      }
    }
  });
});
