import { expect, it } from "vitest";
import { bounded, byPriority, codelOnly, nothing, randomDrop, shedBeforeCodel, unbounded } from "../../src/dagor/policies.ts";
import { simulate, type Policy } from "../../src/dagor/world.ts";

const run = (policy: Policy, calls: number, fromMs = 3_000, untilMs = 6_000, seed = 1) =>
  simulate(policy, { calls, callsPerSecond: 1500, fromMs, untilMs }, seed);

it("a queue without a bound keeps the workers busy, and no task succeeds", async () => {
  const { success, busy } = await run(nothing, 1);
  expect(success).toBeLessThan(0.01);
  expect(busy).toBeGreaterThan(0.95);
});

it("CoDel is as good as can be for single calls, and wastes work on longer tasks", async () => {
  expect((await run(codelOnly, 1)).success).toBeGreaterThan(0.48);
  expect((await run(codelOnly, 4)).success).toBeLessThan(0.35);
});

it("a queue by priority that sends the least important away is as good as can be for all lengths", async () => {
  expect((await run(byPriority, 1)).success).toBeGreaterThan(0.47);
  expect((await run(byPriority, 4)).success).toBeGreaterThan(0.45);
});

it("a shedder before CoDel saves the longer tasks", async () => {
  expect((await run(shedBeforeCodel, 4, 12_000, 16_000)).success).toBeGreaterThan(0.43);
});

it("D1: with filtering upstream an unbounded walk opens everything again and again, a bounded one does not", async () => {
  const success = async (policy: Policy) => (await run(policy, 2, 25_000, 35_000)).success;
  expect(await success(unbounded)).toBeLessThan(0.2);
  expect(await success(bounded)).toBeGreaterThan(0.4);
});

it("the same seed gives the same figures, another seed others", async () => {
  expect(await run(randomDrop, 2, 0, 2_000, 7)).toEqual(await run(randomDrop, 2, 0, 2_000, 7));
  expect(await run(randomDrop, 2, 0, 2_000, 7)).not.toEqual(await run(randomDrop, 2, 0, 2_000, 8));
});
