import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BucketRing, bucketCount } from "../src/bucket-ring.ts";

function arrive(ring: BucketRing, now: number): void {
  while (ring.advance(now));
}

function countsAt(ring: BucketRing, now: number): [number, number] {
  arrive(ring, now);
  return [ring.total, ring.failures];
}

describe("BucketRing", () => {
  it("counts a sample until its bucket is no longer one of the ten newest", () => {
    const ring = new BucketRing(100);
    arrive(ring, 9);
    ring.add(true);
    expect(countsAt(ring, 99.9)).toEqual([1, 1]);
    expect(countsAt(ring, 100)).toEqual([0, 0]);
  });

  it("puts a sample on a bound into the bucket that starts there", () => {
    const ring = new BucketRing(100);
    arrive(ring, 10);
    ring.add(false);
    expect(countsAt(ring, 109)).toEqual([1, 0]);
    expect(countsAt(ring, 110)).toEqual([0, 0]);
  });

  it("is empty after an idle gap of any length", () => {
    for (const gap of [100, 101, 1e6, 2 ** 31, 2 ** 52]) {
      const ring = new BucketRing(100);
      arrive(ring, 50);
      ring.add(true);
      expect(countsAt(ring, 50 + gap)).toEqual([0, 0]);
      expect(ring.add(false)).toBe(true);
      expect(countsAt(ring, 50 + gap)).toEqual([1, 0]);
    }
  });

  it("stops at each moment when counts fall out", () => {
    const ring = new BucketRing(100);
    for (const now of [0, 30, 60]) {
      arrive(ring, now);
      ring.add(false);
    }
    const left: number[] = [];
    while (ring.advance(1e9)) left.push(ring.total);
    expect(left).toEqual([2, 1, 0]);
  });

  it("fills the newest bucket when the clock goes back", () => {
    const ring = new BucketRing(100);
    arrive(ring, 500);
    ring.add(false);
    arrive(ring, 3);
    ring.add(true);
    expect(countsAt(ring, 599)).toEqual([2, 1]);
    expect(countsAt(ring, 600)).toEqual([0, 0]);
  });

  it("never forgets when the window is infinite", () => {
    const ring = new BucketRing(Infinity);
    arrive(ring, 0);
    ring.add(true);
    expect(ring.expiresAt).toBe(Infinity);
    expect(countsAt(ring, 1e15)).toEqual([1, 1]);
  });

  it("works on a clock whose origin lies in the future", () => {
    const ring = new BucketRing(100);
    arrive(ring, -1000);
    ring.add(true);
    expect(countsAt(ring, -901)).toEqual([1, 1]);
    expect(countsAt(ring, -900)).toEqual([0, 0]);
  });

  const step = (bucketMs: number) =>
    fc.record({
      wait: fc.oneof(
        fc.integer({ min: 0, max: bucketMs }),
        fc.integer({ min: 0, max: 25 }).map((buckets) => buckets * bucketMs),
        fc.integer({ min: 0, max: 2 ** 40 }),
      ),
      samples: fc.array(fc.boolean(), { maxLength: 5 }),
    });
  const walk = fc
    .integer({ min: 1, max: 1000 })
    .chain((bucketMs) => fc.record({ bucketMs: fc.constant(bucketMs), steps: fc.array(step(bucketMs), { maxLength: 60 }) }));

  it("agrees with a list of all samples, through jumps and gaps", () => {
    fc.assert(
      fc.property(walk, ({ bucketMs, steps }) => {
        const ring = new BucketRing(bucketMs * bucketCount);
        const all: { index: number; isFailure: boolean }[] = [];
        let now = 0;
        for (const { wait, samples } of steps) {
          now += wait;
          arrive(ring, now);
          const index = Math.floor(now / bucketMs);
          for (const isFailure of samples) {
            ring.add(isFailure);
            all.push({ index, isFailure });
          }
          const live = all.filter((sample) => sample.index > index - bucketCount);
          expect([ring.total, ring.failures]).toEqual([live.length, live.filter(({ isFailure }) => isFailure).length]);
          const oldest = Math.min(...live.map((sample) => sample.index));
          expect(ring.expiresAt).toBe((oldest + bucketCount) * bucketMs);
        }
      }),
    );
  });

  it("keeps what is younger than nine tenths of the window and nothing older than the window, whatever its length", () => {
    const lengths = fc.double({ min: 1, max: 1e9, noNaN: true });
    const waits = fc.array(fc.double({ min: 0, max: 0.4, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, waits, (windowMs, shares) => {
        const ring = new BucketRing(windowMs);
        const times: number[] = [];
        let now = 0;
        for (const share of shares) {
          now += share * windowMs;
          arrive(ring, now);
          ring.add(false);
          times.push(now);
          expect(ring.total).toBeGreaterThanOrEqual(times.filter((time) => now - time < 0.899 * windowMs).length);
          expect(ring.total).toBeLessThanOrEqual(times.filter((time) => now - time <= 1.001 * windowMs).length);
        }
      }),
    );
  });

  it("has lost something at the very moment it announces, whatever the rounding", () => {
    const origins = fc.double({ min: 0, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e9, noNaN: true }), origins, (windowMs, now) => {
        const ring = new BucketRing(windowMs);
        arrive(ring, now);
        ring.add(true);
        const { expiresAt } = ring;
        expect(expiresAt).toBeGreaterThan(now);
        expect(countsAt(ring, expiresAt)).toEqual([0, 0]);
      }),
      { numRuns: 2000 },
    );
  });
});
