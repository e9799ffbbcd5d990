import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExactSum } from "../../src/snapshot/exact-sum.ts";

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum;
}

describe("an exact sum", () => {
  // whole numbers of 2^-100, so that whole numbers hold their sums without loss
  const value = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -100, max: 0 })).map(([digits, exponent]) => digits * 2 ** exponent);
  const inUnits = (given: number): bigint => BigInt(given * 2 ** 100);
  const exactly = (values: readonly number[]): bigint => values.reduce((total, each) => total + inUnits(each), 0n);

  it("is the double next to the sum, as whole numbers have it", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        expect(sumOf(values).value + 0).toBe(Number(exactly(values)) / 2 ** 100); // a power of two divides without rounding
      }),
    );
  });

  it("and what rounding left out are together the sum, the same for every order", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (values) => {
        const sum = sumOf(values);
        const reversed = sumOf([...values].reverse());
        expect([reversed.value, reversed.rest]).toEqual([sum.value, sum.rest]);
        expect(exactly([sum.value, ...(sum.rest ?? [])])).toBe(exactly(values));
      }),
    );
  });

  it("rounds a half to the side where the rest is, and else to even", () => {
    const half = 2 ** -53;
    expect(sumOf([1, half]).value).toBe(1);
    expect(sumOf([1, half, 2 ** -120]).value).toBe(1 + 2 ** -52);
    expect(sumOf([1, half, -(2 ** -120)]).value).toBe(1);
    expect(sumOf([1 + 2 ** -52, half]).value).toBe(1 + 2 ** -51);
  });

  it("never falls when something is added", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e300, noNaN: true }), { minLength: 1, maxLength: 20 }), (values) => {
        const sum = new ExactSum();
        let last = 0;
        for (const each of values) {
          sum.add(each);
          expect(sum.value).toBeGreaterThanOrEqual(last);
          last = sum.value;
        }
      }),
    );
  });

  it("takes infinities and NaN for what they are, in any order", () => {
    expect(sumOf([1, Infinity, 2]).value).toBe(Infinity);
    expect(sumOf([-Infinity, 1]).value).toBe(-Infinity);
    expect(sumOf([Infinity, -Infinity]).value).toBe(NaN);
    expect(sumOf([NaN, 1, Infinity]).value).toBe(NaN);
    expect(sumOf([]).value).toBe(0);
    expect(sumOf([0.1, Infinity, 0.2]).rest).toBeUndefined();
  });

  it("beyond the largest double is Infinity", () => {
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE]).value).toBe(Infinity);
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE, 1]).value).toBe(Infinity);
  });
});
