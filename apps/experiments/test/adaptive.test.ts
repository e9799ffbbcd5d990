import { bandwidthDelay } from "@breakwater/limiter";
import { expect, it } from "vitest";
import { rawAimd, rawVegas } from "../src/adaptive/rivals.ts";
import { simulate } from "../src/adaptive/world.ts";

const world = { service: "Exp", load: 2, seed: 1, fromMs: 10_000, untilMs: 20_000 } as const;

it("the world is the published one: its fixed limits give the published figures", async () => {
  const { answeredPerSecond, p50Ms, p99Ms } = await simulate({ ...world, limit: 20 });
  expect(answeredPerSecond).toBeGreaterThan(980);
  expect(Math.abs(p50Ms - 16)).toBeLessThan(2);
  expect(Math.abs(p99Ms - 56)).toBeLessThan(5);
});

it("the default keeps the server busy, Netflix' Vegas gives half of it away, and its AIMD climbs to the top", async () => {
  const run = (limit: Parameters<typeof simulate>[0]["limit"]) => simulate({ ...world, limit });
  expect((await run(bandwidthDelay())).answeredPerSecond).toBeGreaterThan(970);
  expect((await run(rawVegas)).answeredPerSecond).toBeLessThan(650);
  expect((await run(rawAimd(5_000, 20))).meanLimit).toBeGreaterThan(190);
});

it("the same seed gives the same figures, another seed others", async () => {
  const run = (seed: number) => simulate({ ...world, limit: bandwidthDelay(), seed, fromMs: 0, untilMs: 3_000 });
  expect(await run(7)).toEqual(await run(7));
  expect(await run(7)).not.toEqual(await run(8));
});
