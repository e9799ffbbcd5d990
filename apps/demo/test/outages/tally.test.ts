import { describe, expect, it } from "vitest";
import { Tally } from "../../src/outages/tally.ts";

describe("the tally", () => {
  it("counts by what became of a request, by operation and by reason, and knows the slowest", () => {
    let now = 100;
    const tally = new Tally(() => now);
    tally.open("gone");
    tally.note({ operation: "order", fate: { kind: "answered" }, tookMs: 60 });
    tally.note({ operation: "order", fate: { kind: "refused", reason: "ERR_BREAKER_OPEN" }, tookMs: 2 });
    tally.note({ operation: "order", fate: { kind: "refused", reason: "ERR_BREAKER_OPEN" }, tookMs: 90 });
    tally.note({ operation: "product", fate: { kind: "failed", reason: "ECONNRESET" }, tookMs: 7 });
    now = 350;
    tally.close();
    expect(tally.phases).toEqual([
      {
        name: "gone",
        durationMs: 250,
        answered: { order: 1, product: 0 },
        refused: { order: { ERR_BREAKER_OPEN: 2 }, product: {} },
        failed: { order: {}, product: { ECONNRESET: 1 } },
        slowestMs: 90,
      },
    ]);
  });

  it("counts a request in the phase in which its client hears of it", () => {
    const tally = new Tally(() => 0);
    tally.open("before");
    tally.open("gone");
    tally.note({ operation: "order", fate: { kind: "answered" }, tookMs: 1 });
    tally.close();
    expect(tally.phases.map(({ name, answered }) => [name, answered.order])).toEqual([["before", 0], ["gone", 1]]);
  });

  it("knows when somebody last was not answered", () => {
    let now = 10;
    const tally = new Tally(() => now);
    expect(tally.troubledAt).toBe(-Infinity);
    tally.open("back");
    tally.note({ operation: "order", fate: { kind: "refused", reason: "x" }, tookMs: 1 });
    now = 20;
    tally.note({ operation: "order", fate: { kind: "answered" }, tookMs: 1 });
    expect(tally.troubledAt).toBe(10);
  });

  it("shows the phase that goes on, which later requests do not change", () => {
    const tally = new Tally(() => 0);
    tally.open("before");
    const { answered, refused } = tally.current;
    tally.note({ operation: "order", fate: { kind: "answered" }, tookMs: 1 });
    tally.note({ operation: "order", fate: { kind: "refused", reason: "x" }, tookMs: 1 });
    expect([answered.order, refused.order]).toEqual([0, {}]);
    expect(tally.current.answered.order).toBe(1);
  });
});
