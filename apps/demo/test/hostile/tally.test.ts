import { describe, expect, it } from "vitest";
import { Tally } from "../../src/hostile/tally.ts";

describe("the tally of a phase", () => {
  it("counts those in time and the others, and knows the percentiles of those in time", async () => {
    const tally = new Tally();
    for (let ms = 1; ms <= 100; ms += 1) {
      tally.sent();
      tally.inTime(ms);
    }
    tally.sent();
    tally.missed("http", "not in time");
    expect(await tally.close()).toMatchObject({ sent: 101, inTime: 100, missed: { "http: not in time": 1 }, p50Ms: 50, p99Ms: 99, slowestMs: 100 });
  });

  it("waits for those that were due when it was closed", async () => {
    const tally = new Tally();
    tally.sent();
    const closed = tally.close();
    tally.inTime(7);
    expect(await closed).toMatchObject({ sent: 1, inTime: 1, missed: {} });
  });

  it("has no percentiles of nothing", async () => {
    expect(await new Tally().close()).toMatchObject({ sent: 0, inTime: 0, p99Ms: NaN });
  });
});
