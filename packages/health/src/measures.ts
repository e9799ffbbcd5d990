import type { Attributes, Counter, Meter } from "@breakwater/core";
import type { HealthStatus } from "./status.ts";

/** What is no verdict is below zero, so that the maximum over many instances is the worst that anybody knows of. */
const codes: Readonly<Record<HealthStatus, number>> = { DRAINING: -2, UNKNOWN: -1, HEALTHY: 0, DEGRADED: 1, UNHEALTHY: 2 };

/** What the meter gets to see: the status as a number, and its changes by where they led. */
export class Measures {
  readonly #transitions: Readonly<Record<HealthStatus, Counter>>;

  constructor(meter: Meter, name: string | undefined, read: () => HealthStatus) {
    const attributes: Attributes = name === undefined ? {} : { name };
    const description = "-2 draining, -1 unknown, 0 healthy, 1 degraded, 2 unhealthy";
    meter.gauge("breakwater.health.status", () => codes[read()], { description, attributes });
    const transitionsTo = (to: HealthStatus): Counter =>
      meter.counter("breakwater.health.transitions", {
        description: "Changes of the status",
        unit: "{transition}",
        attributes: { ...attributes, to },
      });
    this.#transitions = {
      UNKNOWN: transitionsTo("UNKNOWN"),
      HEALTHY: transitionsTo("HEALTHY"),
      DEGRADED: transitionsTo("DEGRADED"),
      UNHEALTHY: transitionsTo("UNHEALTHY"),
      DRAINING: transitionsTo("DRAINING"),
    };
  }

  changed(to: HealthStatus): void {
    this.#transitions[to].add(1);
  }
}
