import { expect, it } from "vitest";
import { scenarios, type Scenario } from "../../src/dialogue/scenarios.ts";
import { improved, limited, pinned, unlimited, type Strategy } from "../../src/dialogue/strategy.ts";
import { simulate } from "../../src/dialogue/world.ts";

function scenario(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

const run = (name: string, strategy: Strategy, seed = 1) => simulate(scenario(name), strategy, seed);

it("a limiter turns a spike into a short wait, where unlimited clients are refused three times over", async () => {
  const withLimit = await run("one_big_spike", limited);
  expect(withLimit).toMatchObject({ successPercent: 100, serverAnswers: 1000 });
  expect(withLimit.meanSeconds).toBeCloseTo(1.58, 2); // as published
  expect((await run("one_big_spike", pinned)).meanSeconds).toBeCloseTo(2.67, 2); // as published
  expect((await run("one_big_spike", unlimited)).serverAnswers).toBeGreaterThan(3000);
});

it("a limiter waits out half of the errors of servers that fail for half of the time", async () => {
  expect((await run("all_nodes_500", unlimited)).successPercent).toBe(50);
  expect((await run("all_nodes_500", limited)).successPercent).toBeGreaterThan(72);
});

it("a client that learns of another server loses what it knew, and finds its way again", async () => {
  const figures = await run("live_reloading", limited);
  expect(figures.successPercent).toBeGreaterThan(91);
  expect(figures.successPercent).toBeLessThan(95);
});

it("whoever gives up on a black hole and sends again loses nothing, pinned clients lose most", async () => {
  const success = async (strategy: Strategy) => (await run("black_hole", strategy)).successPercent;
  expect(await success(improved)).toBe(100);
  expect(await success(limited)).toBeCloseTo(91.5, 0);
  expect(await success(pinned)).toBeLessThan(await success(limited));
});

it("sessions that share the turns wait alike, sessions with a limit each do not", async () => {
  const spread = async (strategy: Strategy) => {
    const { greatestClientMean, leastClientMean } = await run("sticky, fairness", strategy);
    return greatestClientMean / leastClientMean;
  };
  expect(await spread(limited)).toBeGreaterThan(2);
  expect(await spread(improved)).toBeLessThan(1.4);
});

it("the same seed gives the same figures, another seed others", async () => {
  expect(await run("one_endpoint_dies", limited, 7)).toEqual(await run("one_endpoint_dies", limited, 7));
  expect(await run("one_endpoint_dies", limited, 7)).not.toEqual(await run("one_endpoint_dies", limited, 8));
});
