import { noopMeter, type Counter, type Meter, type Outcome } from "@breakwater/core";
import type { BreakerState } from "./state.ts";

/** The higher, the less it lets through, so that the maximum over many instances is the worst of them. */
const codes: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** What is measured when a meter was given. Without one there is no object of this class. */
export class Measures {
  readonly calls: Readonly<Record<Outcome | "rejected", Counter>>;
  readonly transitions: Readonly<Record<BreakerState, Counter>>;

  constructor(meter: Meter, name: string | undefined, read: () => BreakerState) {
    const attributes = name === undefined ? {} : { name };
    const calls = (outcome: string): Counter =>
      meter.counter("breakwater.breaker.calls", {
        description: "Calls by outcome; the rejected ones did not reach the dependency",
        unit: "{call}",
        attributes: { ...attributes, outcome },
      });
    const transitions = (to: BreakerState): Counter =>
      meter.counter("breakwater.breaker.transitions", {
        description: "Changes of the state",
        unit: "{transition}",
        attributes: { ...attributes, to },
      });
    const description = "0 closed, 1 half-open, 2 open";
    meter.gauge("breakwater.breaker.state", () => codes[read()], { description, attributes });
    this.calls = { success: calls("success"), failure: calls("failure"), neutral: calls("neutral"), rejected: calls("rejected") };
    this.transitions = { closed: transitions("closed"), "half-open": transitions("half-open"), open: transitions("open") };
  }
}

export function measuresOf(meter: Meter, name: string | undefined, read: () => BreakerState): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name, read);
}
