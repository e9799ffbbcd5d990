import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalNumeral, numeral } from "../../src/exposition/numerals.ts";

describe("numerals", () => {
  // The table of the specification, and what Go's %g says of others.
  it.each([
    [1e-10, "1e-10"], [1e-9, "1e-09"], [1e-8, "1e-08"], [1e-7, "1e-07"], [1e-6, "1e-06"], [1e-5, "1e-05"],
    [0.0001, "0.0001"], [0.001, "0.001"], [0.01, "0.01"], [0.1, "0.1"], [1, "1.0"], [10, "10.0"], [100, "100.0"],
    [1000, "1000.0"], [10_000, "10000.0"], [100_000, "100000.0"], [1e6, "1e+06"], [1e7, "1e+07"], [1e8, "1e+08"],
    [1e9, "1e+09"], [1e10, "1e+10"], [1e100, "1e+100"], [0.005, "0.005"], [2.5, "2.5"], [999_999, "999999.0"],
    [999_999.5, "999999.5"], [1_234_567, "1.234567e+06"], [0.00012, "0.00012"], [0.000012, "1.2e-05"], [0, "0.0"],
    [-0, "-0.0"], [-1, "-1.0"], [Infinity, "+Inf"], [-Infinity, "-Inf"], [NaN, "NaN"],
  ])("writes %d for a label of OpenMetrics as %s", (value, text) => {
    expect(canonicalNumeral(value)).toBe(text);
  });

  it("loses no digit", () => {
    fc.assert(fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
      expect(Number(canonicalNumeral(value))).toBe(value);
      expect(canonicalNumeral(value)).toMatch(/[.e]/);
    }));
  });

  it("writes infinities and NaN as Go reads them", () => {
    expect([Infinity, -Infinity, NaN, 1e21, 1e-7].map(numeral)).toEqual(["+Inf", "-Inf", "NaN", "1e+21", "1e-7"]);
  });
});
