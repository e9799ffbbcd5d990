import { describe, expect, it } from "vitest";
import { median } from "../src/compare.ts";
import { milliseconds, percent, seconds, sparkline } from "../src/text.ts";
import { idealMs } from "../src/workload.ts";

describe("the report's figures", () => {
  it("are written for people", () => {
    expect(seconds(631.4)).toBe("0.631 s");
    expect(milliseconds(61.26)).toBe("61.3");
    expect(milliseconds(NaN)).toBe("-");
    expect(percent(0.9512)).toBe("95.1 %");
  });

  it("count the ideal in full waves of workers", () => {
    expect(idealMs(1000, 100)).toBe(600);
    expect(idealMs(1001, 100)).toBe(660);
    expect(idealMs(1, 100)).toBe(60);
  });

  it("take the middle as the median", () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([])).toBeNaN();
  });

  it("draw answers over time, the fullest slice tallest", () => {
    expect(sparkline([0, 1, 2, 99, 100], 100, 4)).toBe("█  ▆");
    expect(sparkline([], 100, 4)).toBe("    ");
  });
});
