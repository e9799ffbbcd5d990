import { describe, expect, it } from "vitest";
import { chooseFailing, seededRandom } from "../src/random.ts";

describe("the choice of failing requests", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(chooseFailing(1000, 0.2, 7)).toEqual(chooseFailing(1000, 0.2, 7));
    expect(chooseFailing(1000, 0.2, 7)).not.toEqual(chooseFailing(1000, 0.2, 8));
  });

  it("takes about the share that was asked for", () => {
    const { size } = chooseFailing(100_000, 0.2, 1);
    expect(Math.abs(size / 100_000 - 0.2)).toBeLessThan(0.005);
  });

  it("takes none at 0 and all at 1", () => {
    expect(chooseFailing(500, 0, 1).size).toBe(0);
    expect(chooseFailing(500, 1, 1).size).toBe(500);
  });

  it("rests on numbers from 0 up to, not including, 1", () => {
    const random = seededRandom(3);
    const numbers = Array.from({ length: 10_000 }, random);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
  });
});
