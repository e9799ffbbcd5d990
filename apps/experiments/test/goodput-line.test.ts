import { Simulation } from "@breakwater/sim";
import { expect, it } from "vitest";
import { GoodputLine } from "../src/retry/goodput-line.ts";

/** Ten answers a second from 2 s on, but for none from 5 to 6 s, and one in two that comes too late. */
async function line(): Promise<GoodputLine> {
  const sim = new Simulation();
  const goodput = new GoodputLine(sim, { stepMs: 1_000, sloMs: 500 });
  for (let atMs = 2_050; atMs < 10_000; atMs += 100) {
    if (atMs < 5_000 || atMs >= 6_000) sim.at(atMs, () => goodput.track(Promise.resolve()));
    sim.at(atMs - 501, () => goodput.track(sim.sleep(501)));
    sim.at(atMs, () => goodput.track(Promise.reject(new Error("no"))));
  }
  await sim.run(10_000);
  return goodput;
}

it("counts answers in time, by the second in which they came", async () => {
  const goodput = await line();
  expect(goodput.meanPerSecond(0, 10_000)).toBe(7);
  expect(goodput.meanPerSecond(2_000, 5_000)).toBe(10);
  expect(goodput.text(1_000, 10_000, 10)).toBe("  ███ ████");
  expect(goodput.text(2_000, 10_000, 20)).toBe(" ▄▂▄▄");
});

it("is steady from the last step that was too low", async () => {
  const goodput = await line();
  expect(goodput.steadyFrom(0, 10)).toBe(6_000);
  expect(goodput.steadyFrom(0, 11)).toBe(Infinity);
  expect(goodput.steadyFrom(8_000, 10)).toBe(8_000);
});
