import type { Attributes, Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Balancer } from "@breakwater/balancer";
import { expect, it, vi } from "vitest";
import { letters } from "./helpers.ts";

it("measures calls, durations, ejections and endpoints", async () => {
  const sums = new Map<string, number>();
  const gauges = new Map<string, () => number>();
  const keyOf = (name: string, attributes: Attributes = {}): string => [name.replace("breakwater.balancer.", ""), ...Object.values(attributes)].join(" ");
  const add = (key: string) => (amount: number) => void sums.set(key, (sums.get(key) ?? 0) + amount);
  const meter: Meter = {
    counter: (name, { attributes } = {}) => ({ add: add(keyOf(name, attributes)) }),
    histogram: (name, { attributes } = {}) => ({ record: add(keyOf(name, attributes)) }),
    gauge: (name, read, { attributes } = {}) => (gauges.set(keyOf(name, attributes), read), () => undefined),
  };
  const clock = new ManualClock();
  const balancer = new Balancer({ name: "db", endpoints: letters(3), meter, clock, ejection: { consecutiveFailures: 1 } });
  await balancer.run(() => clock.advance(1_500));
  balancer.pick().failure();
  balancer.pick().release();
  balancer.update([]);
  await balancer.run(() => 1).catch(() => undefined);
  expect(Object.fromEntries(sums)).toEqual({
    "calls db success": 1, "call.duration db success": 1.5,
    "calls db failure": 1, "call.duration db failure": 0,
    "calls db neutral": 1, "call.duration db neutral": 0,
    "calls db rejected": 1, "ejections db consecutive-failures": 1,
  });
  balancer.update(letters(2));
  expect([...gauges].map(([key, read]) => `${key} ${read()}`)).toEqual(["endpoints db available 2", "endpoints db ejected 0", "endpoints db draining 0"]);
});

it("a meter that throws fails no call", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const broken = (): never => { throw new Error("disk full"); };
  const meter: Meter = { counter: () => ({ add: broken }), histogram: () => ({ record: broken }), gauge: () => () => undefined };
  const balancer = new Balancer({ endpoints: letters(2), meter, ejection: { consecutiveFailures: 1 } });
  await expect(balancer.run(() => 1)).resolves.toBe(1);
  balancer.pick().failure();
  expect(balancer.stats).toMatchObject({ pending: 0, ejected: 1 });
  warned.mockRestore();
});
