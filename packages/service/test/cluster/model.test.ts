import * as fc from "fast-check";
import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { Fleet } from "../../src/cluster/fleet.ts";
import { readFleetOptions } from "../../src/cluster/options.ts";
import { RestartPlan } from "../../src/cluster/restart-plan.ts";
import { FakeProcesses, type FakeProcess } from "./fake-processes.ts";

class TestFleet extends Fleet {
  constructor(processes: FakeProcesses, clock: ManualClock, workers: number) {
    const restarts = { minMs: 10, maxMs: 100, budget: 4, windowMs: 1_000 };
    super(readFleetOptions({ workers, clock, restarts, readyTimeoutMs: 200, stopTimeoutMs: 150 }), processes.fork);
  }
}

/** One thing that happens; `which` picks one of those it can happen to. */
const happening = fc.record({
  kind: fc.constantFrom("ready", "ready", "ready", "crash", "disconnect", "hang", "wait", "roll", "stop"),
  which: fc.nat({ max: 20 }),
  ms: fc.nat({ max: 120 }),
});

const pick = (list: readonly FakeProcess[], which: number): FakeProcess | undefined => list[which % Math.max(1, list.length)];

describe("any history of workers", () => {
  it("keeps at most one more than there should be, and after the last event all are ready again, or it is over", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(happening, { maxLength: 40 }), async (workers, history) => {
        const clock = new ManualClock();
        const processes = new FakeProcesses();
        const fleet = new TestFleet(processes, clock, workers);
        const over = { is: false };
        void fleet.ended.then(() => (over.is = true));
        void fleet.start().catch(() => undefined);
        let hasStopped = false;
        for (const { kind, which, ms } of history) {
          const { alive } = processes;
          if (kind === "ready") pick(alive, which)?.ready();
          if (kind === "crash") pick(alive, which)?.end(1);
          if (kind === "disconnect") pick(alive, which)?.disconnect();
          if (kind === "hang") Object.assign(pick(alive, which) ?? {}, { obeys: false });
          if (kind === "roll") void fleet.restart().catch(() => undefined);
          if (kind === "stop" && which < 2) {
            hasStopped = true;
            void fleet.stop();
          }
          if (kind === "wait") await clock.advanceAsync(ms);
          await settled();
          expect(processes.alive.length).toBeLessThanOrEqual(workers + 1);
          expect(fleet.stats.workers.length).toBe(processes.alive.length);
        }
        // From here on everything goes well.
        processes.made = (process) => process.ready();
        for (const process of processes.alive) process.ready();
        await clock.advanceAsync(10_000);
        if (!over.is) {
          expect(hasStopped).toBe(false);
          expect(fleet.stats).toMatchObject({ state: "running", ready: workers });
          expect(processes.alive).toHaveLength(workers);
          await Promise.all([fleet.stop(), clock.advanceAsync(150)]);
        }
        expect(processes.alive).toEqual([]);
        expect(fleet.state).toBe("stopped");
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

describe("any history of crashes", () => {
  it("is answered at once where nothing is to be waited for, however many there were", () => {
    const plan = new RestartPlan({ minMs: 0, budget: 5_000 });
    for (let n = 0; n < 3_000; n += 1) expect(plan.next(0)).toEqual({ delayMs: 0, isExhausted: false });
  });

  it("is replaced within the budget in any window, never sooner than the backoff's beginning, and in order", () => {
    const plans = fc.record({
      minMs: fc.nat({ max: 50 }),
      factor: fc.integer({ min: 1, max: 20 }),
      budget: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(plans, fc.array(fc.nat({ max: 200 }), { maxLength: 60 }), ({ minMs, factor, budget, windowMs }, gaps) => {
        const plan = new RestartPlan({ minMs, maxMs: minMs * factor, budget, windowMs });
        const times: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const { delayMs, isExhausted } = plan.next(now);
          expect(delayMs).toBeGreaterThanOrEqual(minMs);
          if (!isExhausted && times.every((time) => time <= now)) expect(delayMs).toBeLessThanOrEqual(minMs * factor);
          times.push(now + delayMs);
        }
        expect([...times].sort((a, b) => a - b)).toEqual(times);
        times.forEach((time, index) => {
          const later = times[index + budget];
          if (later !== undefined) expect(later - time).toBeGreaterThanOrEqual(windowMs);
        });
      }),
    );
  });
});
