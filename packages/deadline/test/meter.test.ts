import type { InstrumentOptions, Meter } from "@breakwater/core";
import { expect, it } from "vitest";
import { deaf, makeDeadline, makeTimeout, watch } from "./helpers.ts";

/** Adds up what is counted, by name and attributes. */
class Sums implements Meter {
  readonly sums: Record<string, number> = {};
  readonly gauges: Record<string, () => number> = {};

  counter(name: string, { attributes = {} }: InstrumentOptions = {}): { add(amount: number): void } {
    const key = [name, ...Object.values(attributes)].join(" ");
    return { add: (amount) => void (this.sums[key] = (this.sums[key] ?? 0) + amount) };
  }

  histogram(): { record(value: number): void } {
    return { record: () => undefined };
  }

  gauge(name: string, read: () => number): () => void {
    this.gauges[name] = read;
    return () => undefined;
  }
}

it("counts each call once by its outcome, and what comes late", async () => {
  const meter = new Sums();
  const { timeout, clock } = makeTimeout({ meter, name: "db", mode: "aggressive" });
  await timeout.run(() => 1);
  await timeout.run(() => Promise.resolve(1));
  await timeout.run(() => Promise.reject(new Error("no"))).catch(() => undefined);
  await timeout.run(() => 1, { signal: AbortSignal.abort() }).catch(() => undefined);
  watch(timeout.run(deaf(clock, 150, 1)));
  await clock.advanceAsync(100);
  expect(meter.gauges["breakwater.timeout.abandoned"]?.()).toBe(1);
  await clock.advanceAsync(50);
  expect(meter.gauges["breakwater.timeout.abandoned"]?.()).toBe(0);
  expect(meter.sums).toEqual({
    "breakwater.timeout.calls db success": 2,
    "breakwater.timeout.calls db failure": 1,
    "breakwater.timeout.calls db neutral": 1,
    "breakwater.timeout.calls db timeout": 1,
    "breakwater.timeout.late db result": 1,
  });
});

it("counts what a deadline refuses and hands through", async () => {
  const meter = new Sums();
  const { deadline } = makeDeadline({ meter, timeoutMs: 100 });
  await deadline.run(() => 1, { deadlineAt: 1 }).catch(() => undefined);
  await deadline.run(() => 1, { deadlineAt: 1_050 });
  await deadline.run(() => 1);
  expect(meter.sums).toEqual({
    "breakwater.deadline.calls rejected": 1,
    "breakwater.deadline.calls passed": 1,
    "breakwater.deadline.calls success": 1,
  });
});
