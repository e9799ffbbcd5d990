import { ManualClock } from "@breakwater/core/testing";
import { ChaosSwitch, injectBehavior, injectFault, injectLatency, injectOutcome } from "@breakwater/chaos";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fate } from "./helpers.ts";

const kinds = ["latency", "fault", "outcome", "behavior"] as const;

it("with rates of 0 and 1, exactly the calls that match while it is on are touched, and the others meet the service alone", async () => {
  const step = fc.record({ input: fc.nat(9), isOn: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), fc.constantFrom(0, 1), fc.array(fc.nat(9)), fc.array(step), async (kind, rate, matching, steps) => {
      const enabled = new ChaosSwitch();
      const behaved: number[] = [];
      const worked: number[] = [];
      const touched: unknown[] = [];
      const when = (input: number): boolean => matching.includes(input);
      const common = { rate: () => rate, when, enabled, clock: new ManualClock() };
      const layer = {
        latency: () => injectLatency({ ...common, latencyMs: 0 }),
        fault: () => injectFault({ ...common, error: "fault" }),
        outcome: () => injectOutcome<unknown, number>({ ...common, result: "outcome" }),
        behavior: () => injectBehavior({ ...common, behavior: (input: number) => void behaved.push(input) }),
      }[kind]();
      layer.on("injected", ({ input }) => touched.push(input));
      const service = layer(async (input: number): Promise<unknown> => {
        worked.push(input);
        return "work";
      });

      for (const { input, isOn } of steps) {
        if (isOn) enabled.on();
        else enabled.off();
        const isTouched = isOn && rate === 1 && matching.includes(input);
        const expected = isTouched && (kind === "fault" || kind === "outcome") ? kind : "work";
        expect(await fate(service(input, {}))).toBe(expected);
      }

      const model = steps.filter(({ input, isOn }) => isOn && rate === 1 && matching.includes(input)).map(({ input }) => input);
      expect(touched).toEqual(model);
      expect(layer.stats).toEqual({ calls: steps.filter(({ isOn }) => isOn).length, injected: model.length });
      expect(behaved).toEqual(kind === "behavior" ? model : []);
      const replaced = kind === "fault" || kind === "outcome" ? model.length : 0;
      expect(worked).toHaveLength(steps.length - replaced);
    }),
  );
});

it("the same seed gives the same injections for the same calls, whatever the rate and the kind of latency", async () => {
  const latencies = async (seed: number, rate: number, count: number): Promise<unknown[]> => {
    const clock = new ManualClock();
    const layer = injectLatency({ seed, rate, latencyMs: { min: 1, max: 1_000 }, clock });
    const seen: unknown[] = [];
    layer.on("injected", (event) => seen.push(event.kind === "latency" && [event.input, event.latencyMs]));
    const service = layer(async (input: number) => input);
    const calls = Array.from({ length: count }, (_, index) => service(index, {}));
    await clock.advanceAsync(1_000);
    await Promise.all(calls);
    expect(clock.pendingTimers).toBe(0);
    return seen;
  };
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(20), async (seed, rate, count) => {
      expect(await latencies(seed, rate, count)).toEqual(await latencies(seed, rate, count));
    }),
    { numRuns: 30 },
  );
});

it("a latency that is aborted at any time ends then, with the reason, and leaves nothing", async () => {
  const call = fc.record({ latencyMs: fc.integer({ min: 1, max: 20 }), abortAt: fc.integer({ min: 0, max: 25 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
      const clock = new ManualClock();
      const worked: number[] = [];
      const service = injectLatency({ rate: 1, latencyMs: (index: number) => calls[index]?.latencyMs ?? 0, clock })(async (index: number) => {
        worked.push(index);
        return clock.now();
      });
      const controllers = calls.map(() => new AbortController());
      const ends = calls.map(({ abortAt }, index) => {
        clock.setTimer(() => controllers[index]?.abort(`aborted at ${abortAt}`), abortAt);
        return fate(service(index, { signal: controllers[index]?.signal }));
      });
      await clock.advanceAsync(30);
      expect(clock.pendingTimers).toBe(0);
      // The abort's timer was set before the latency's, so of equal times it is first.
      const model = calls.map(({ latencyMs, abortAt }) => (abortAt <= latencyMs ? `aborted at ${abortAt}` : latencyMs));
      const seen = await Promise.all(ends);
      calls.forEach(({ latencyMs, abortAt }, index) => {
        if (latencyMs !== abortAt) expect(seen[index]).toBe(model[index]);
        expect(worked.includes(index)).toBe(typeof seen[index] === "number");
      });
    }),
  );
});
