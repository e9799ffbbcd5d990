import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketCount, bucketOf } from "../src/buckets.ts";
import { Distribution } from "../src/distribution.ts";
import { addPacked, emptyPack, pack } from "../src/packed.ts";
import { Slot } from "../src/slot.ts";
import { outside, WindowPlan } from "../src/window-plan.ts";

const unpacked = (packed: string): Distribution => {
  const distribution = new Distribution();
  addPacked(distribution, packed);
  return distribution;
};
const plain = ({ zeros, count, sum, min, max, offset, counts }: Distribution) => ({
  zeros, count, sum, min, max, counts: [...counts].flatMap((each, index) => (each === 0 ? [] : [[offset + index, each]])),
});

describe("a packed slot", () => {
  const count = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, 2 ** 48));
  const cells = fc.uniqueArray(fc.tuple(fc.nat(bucketCount - 1), count), { maxLength: 60, selector: ([bucket]) => bucket });

  it("gives back what was put in, bit for bit, whatever the buckets and however many samples each has", () => {
    fc.assert(
      fc.property(cells, count, fc.double({ min: 0, noNaN: true }), fc.double({ min: 0, noNaN: true }), (all, zeros, sum, max) => {
        const before = new Distribution();
        before.addMoments(zeros, sum, 5e-324, max);
        for (const [bucket, samples] of all) before.addCounts(bucket, [samples]);
        expect(plain(unpacked(pack(before)))).toEqual(plain(before));
      }),
    );
  });

  it("adds up in any order", () => {
    const parts = [[1, 2, 3], [0.001], [500, 2]].map((values) => {
      const slot = new Slot();
      for (const value of values) slot.record(value, bucketOf(value));
      return pack(slot);
    });
    const forwards = unpacked(parts[0] ?? "");
    for (const part of parts.slice(1)) addPacked(forwards, part);
    const backwards = unpacked(parts[2] ?? "");
    for (const part of [parts[1], parts[0]]) addPacked(backwards, part ?? "");
    expect(plain(forwards)).toEqual({ ...plain(backwards), sum: expect.closeTo(backwards.sum, 9) as number });
  });

  it("is empty text for no samples at all, which adds nothing", () => {
    expect(plain(unpacked(emptyPack))).toEqual(plain(new Distribution()));
  });

  it("takes some 30 bytes and one for each bucket in use, 470 with everything from 1 us to 1 min", () => {
    const slot = new Slot();
    slot.record(0.02, bucketOf(0.02));
    expect(pack(slot).length).toBeLessThanOrEqual(31);
    for (let value = 1e-6; value <= 60; value *= 1.01) slot.record(value, bucketOf(value));
    expect(pack(slot).length).toBeLessThanOrEqual(470);
    expect(pack(slot)).toMatch(/^[\0-\xff]*$/);
  });
});

describe("a slot", () => {
  it("counts past 16 bits in each bucket by itself", () => {
    const slot = new Slot();
    const [low, high] = [bucketOf(1e-6), bucketOf(60)];
    for (let n = 0; n < 2 ** 17 + 3; n++) slot.record(1e-6, low);
    for (let n = 0; n < 2 ** 16; n++) slot.record(60, high);
    slot.record(1, bucketOf(1));
    expect([low, bucketOf(1), high].map((bucket) => slot.countAt(bucket - slot.offset))).toEqual([2 ** 17 + 3, 1, 2 ** 16]);
    slot.restart(1);
    expect([low, high].map((bucket) => slot.countAt(bucket - slot.offset))).toEqual([0, 0]);
    expect(slot.isEmpty).toBe(true);
  });
});

describe("the plan of the windows", () => {
  it("puts slots together only once every window that tells them apart has lost them all, and keeps about forty", () => {
    const plan = new WindowPlan([10_000, 60_000, 300_000]);
    const groups = new Set(Array.from({ length: 2000 }, (_, number) => plan.groupOf(number, 1999)));
    groups.delete(outside);
    expect(groups.size).toBeLessThanOrEqual(40);
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(400), fc.nat(100), (now, age, more) => {
        const number = Math.max(0, now - age);
        const group = plan.groupOf(number, now);
        for (const window of [0, 1, 2]) {
          const isIn = number >= plan.oldest(window, now + more);
          expect((group === outside ? -1 : group) >= Math.max(0, plan.oldest(window, now + more))).toBe(isIn);
        }
      }),
    );
  });
});
