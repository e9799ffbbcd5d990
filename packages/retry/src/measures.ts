import { noopMeter, type Counter, type Meter } from "@breakwater/core";
import type { GiveUpReason } from "./give-ups.ts";

/** What is measured when a meter was given. Without one there is no object of this class. */
export class Measures {
  readonly calls: Counter;
  readonly retries: Counter;
  readonly recovered: Counter;
  readonly gaveUp: Readonly<Record<GiveUpReason, Counter>>;

  constructor(meter: Meter, name: string | undefined, readWaiting: () => number) {
    const attributes = name === undefined ? {} : { name };
    const counter = (what: string, description: string, more: object = {}): Counter =>
      meter.counter(`breakwater.retry.${what}`, { description, unit: "{call}", attributes: { ...attributes, ...more } });
    const gaveUp = (reason: GiveUpReason): Counter => counter("gave_up", "Calls that were given up, by reason", { reason });
    this.calls = counter("calls", "Calls whose first attempt was started");
    this.retries = counter("retries", "Attempts after the first");
    this.recovered = counter("recovered", "Calls that went well after the first attempt");
    this.gaveUp = {
      attempts: gaveUp("attempts"),
      budget: gaveUp("budget"),
      deadline: gaveUp("deadline"),
      "not-idempotent": gaveUp("not-idempotent"),
      fault: gaveUp("fault"),
    };
    meter.gauge("breakwater.retry.waiting", readWaiting, { description: "Calls that wait for their next attempt", unit: "{call}", attributes });
  }
}

export function measuresOf(meter: Meter, name: string | undefined, readWaiting: () => number): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name, readWaiting);
}
