import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketCount, bucketOf, estimate, largest, lowerEdge, relativeError, smallest } from "../src/buckets.ts";
import { Bounds } from "../src/bounds.ts";
import { Distribution } from "../src/distribution.ts";
import { Slot } from "../src/slot.ts";

const positive = fc.double({ min: smallest, max: largest, minExcluded: true, noNaN: true });
/** Spread evenly over the octaves that a service sees, which doubles drawn evenly are not. */
const duration = fc.double({ min: -25, max: 10, noNaN: true }).map((exponent) => 2 ** exponent);
const any = fc.oneof(positive, duration);

describe("buckets", () => {
  it("states an error of at most 3.2 %", () => {
    expect(relativeError).toBeLessThan(0.0217);
  });

  it("holds each value above its lower edge and at most at its upper edge", () => {
    fc.assert(
      fc.property(any, (value) => {
        const bucket = bucketOf(value);
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(bucketCount);
        expect(value).toBeGreaterThan(lowerEdge(bucket));
        expect(value).toBeLessThanOrEqual(lowerEdge(bucket + 1));
      }),
      { numRuns: 3000 },
    );
  });

  it("puts every edge itself into the bucket below it, powers of two included", () => {
    for (let bucket = 1; bucket <= bucketCount; bucket++) expect(bucketOf(lowerEdge(bucket))).toBe(bucket - 1);
    expect(bucketOf(1) + 1).toBe(bucketOf(1 + Number.EPSILON));
    expect(lowerEdge(bucketOf(8) + 1)).toBe(8);
  });

  it("is OpenTelemetry's exponential index at scale 4", () => {
    fc.assert(
      fc.property(duration, (value) => {
        const exact = Math.log2(value) * 16;
        fc.pre(Math.abs(exact - Math.round(exact)) > 1e-9); // a logarithm cannot tell the sides of an edge
        expect(bucketOf(value) - 1024).toBe(Math.ceil(exact) - 1);
      }),
    );
  });

  it("estimates every value of a bucket within the stated error", () => {
    fc.assert(
      fc.property(any, (value) => {
        expect(Math.abs(estimate(bucketOf(value)) - value) / value).toBeLessThanOrEqual(relativeError * (1 + 1e-12));
      }),
    );
  });
});

function distributionOf(values: readonly number[]): Distribution {
  const distribution = new Distribution();
  // several slots, so that merging takes part
  for (let start = 0; start < values.length; start += 7) {
    const slot = new Slot();
    for (const value of values.slice(start, start + 7)) slot.record(value, bucketOf(value));
    distribution.add(slot);
  }
  return distribution;
}

describe("a distribution", () => {
  it("gives quantiles within the stated error of an exact sort, and everything else exactly", () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 200 }), fc.integer({ min: 0, max: 1000 }), (values, permille) => {
        const distribution = distributionOf(values);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil((permille * values.length) / 1000)) - 1] ?? NaN;
        expect(Math.abs(distribution.quantile(permille / 1000) - exact)).toBeLessThanOrEqual(exact * 0.032);
        expect(Math.abs(distribution.quantile(permille / 1000) - exact)).toBeLessThanOrEqual(exact * relativeError * (1 + 1e-12));
        expect(distribution.count).toBe(values.length);
        expect(distribution.min).toBe(sorted[0]);
        expect(distribution.max).toBe(sorted.at(-1));
      }),
      { numRuns: 500 },
    );
  });

  it("answers with the sample itself when there is one, because quantiles stay between min and max", () => {
    expect(distributionOf([0.0123]).quantile(0.99)).toBe(0.0123);
  });

  it("takes the 7th of 100 for a quantile of 0.07, although 0.07 * 100 is more than 7", () => {
    const values = Array.from({ length: 100 }, (_, index) => 2 ** (index / 2 - 30));
    expect(distributionOf(values).quantile(0.07)).toBeCloseTo(2 ** (3 - 30), 9);
    expect(bucketOf(distributionOf(values).quantile(0.07))).toBe(bucketOf(values[6] ?? 0));
  });

  it("adds up to the same whether samples came in one slot or in many", () => {
    fc.assert(
      fc.property(fc.array(duration, { maxLength: 60 }), fc.nat(60), (values, cut) => {
        const [left, right, whole] = [values.slice(0, cut), values.slice(cut), values].map(distributionOf);
        if (left === undefined || right === undefined || whole === undefined) throw new Error("bug: three were made");
        left.add(right);
        for (const q of [0, 0.5, 0.9, 1]) expect(left.quantile(q)).toEqual(whole.quantile(q));
        expect(left.count).toBe(whole.count);
      }),
    );
  });

  it("needs less than 1 KB for the counts of a slot that saw 1 us to 1 min", () => {
    const slot = new Slot();
    for (let value = 1e-6; value <= 60; value *= 1.01) slot.record(value, bucketOf(value));
    expect(slot.counts.byteLength).toBe(832);
  });
});

describe("classic bounds", () => {
  const bound = fc.oneof(duration, fc.integer({ min: -3, max: 40 }), fc.integer({ min: -70, max: 70 }).map((e) => 2 ** e));
  const bounds = fc.uniqueArray(bound, { maxLength: 20 }).map((list) => list.sort((a, b) => a - b));

  it("classify as a search through the list does, bounds themselves included", () => {
    fc.assert(
      fc.property(bounds, fc.array(fc.oneof(any, bound.map(Math.abs), fc.constantFrom(0, 1e300, 5e-324))), (list, values) => {
        const subject = new Bounds(list);
        for (const value of [...values, ...list.map(Math.abs)]) {
          expect(subject.search(value)).toBe([...list, Infinity].findIndex((limit) => value <= limit));
        }
      }),
      { numRuns: 200 },
    );
  });
});
