import { noopMeter, type Attributes, type Counter, type Histogram, type Meter } from "@breakwater/core";
import type { PoolStats } from "./stats.ts";

/** What is measured when a meter was given. Without one there is no object of this class, and no clock is read for it. */
export class Measures {
  readonly wait: Histogram;
  readonly create: Histogram;
  readonly use: Histogram;
  readonly timeouts: Counter;
  readonly #stops: (() => void)[];

  constructor(meter: Meter, name: string | undefined, read: () => PoolStats) {
    const attributes: Attributes = name === undefined ? {} : { name };
    const seconds = (noun: string, description: string): Histogram =>
      meter.histogram(`breakwater.pool.${noun}.duration`, { description, unit: "s", attributes });
    this.wait = seconds("wait", "From asking for a resource to having it");
    this.create = seconds("create", "Of creates that succeeded");
    this.use = seconds("use", "From having a resource to returning it or giving it up");
    this.timeouts = meter.counter("breakwater.pool.timeouts", {
      description: "Acquires that ran out of time",
      unit: "{acquire}",
      attributes,
    });
    const states = ["idle", "busy", "validating", "creating", "destroying"] as const;
    this.#stops = states.map((state) =>
      meter.gauge("breakwater.pool.connections", () => read()[state], {
        description: "Resources by state",
        unit: "{connection}",
        attributes: { ...attributes, state },
      }),
    );
    const waiting = { description: "Acquires in line", unit: "{acquire}", attributes };
    this.#stops.push(meter.gauge("breakwater.pool.waiting", () => read().waiting, waiting));
  }

  /** The pool is closed: its gauges are not read any more. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

export function measuresOf(meter: Meter, name: string | undefined, read: () => PoolStats): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name, read);
}
