import { noopMeter, type Attributes, type Counter, type Histogram, type Meter, type Outcome } from "@breakwater/core";
import type { CircuitState } from "./circuit/circuit.ts";
import type { BreakerState } from "./stats.ts";

/** The higher, the less it lets through, so that the maximum over many instances is the worst of them. */
const codes: Readonly<Record<BreakerState, number>> = { disabled: -1, closed: 0, "half-open": 1, open: 2, isolated: 3 };

/** What is measured when a meter was given. Without one there is no object of this class. */
export class Measures {
  readonly calls: Readonly<Record<Outcome | "rejected" | "would-reject", Counter>>;
  readonly transitions: Readonly<Record<CircuitState, Counter>>;
  /** Of calls that reached the dependency. */
  readonly durations: Readonly<Record<Outcome, Histogram>>;

  readonly #attributes: Attributes;

  constructor(meter: Meter, name: string | undefined) {
    const attributes = name === undefined ? {} : { name };
    this.#attributes = attributes;
    const calls = (outcome: string): Counter =>
      meter.counter("breakwater.breaker.calls", {
        description: "Calls by outcome; the rejected ones did not reach the dependency",
        unit: "{call}",
        attributes: { ...attributes, outcome },
      });
    const transitions = (to: string): Counter =>
      meter.counter("breakwater.breaker.transitions", {
        description: "Changes of the state",
        unit: "{transition}",
        attributes: { ...attributes, to },
      });
    const durations = (outcome: string): Histogram =>
      meter.histogram("breakwater.breaker.call.duration", {
        description: "How long calls took that were let through",
        unit: "s",
        attributes: { ...attributes, outcome },
      });
    this.calls = {
      success: calls("success"),
      failure: calls("failure"),
      neutral: calls("neutral"),
      rejected: calls("rejected"),
      "would-reject": calls("would-reject"),
    };
    this.transitions = { closed: transitions("closed"), "half-open": transitions("half-open"), open: transitions("open") };
    this.durations = { success: durations("success"), failure: durations("failure"), neutral: durations("neutral") };
  }

  /** Shows the state of one breaker. */
  observe(meter: Meter, read: () => BreakerState): void {
    const description = "-1 disabled, 0 closed, 1 half-open, 2 open, 3 isolated";
    meter.gauge("breakwater.breaker.state", () => codes[read()], { description, attributes: this.#attributes });
  }

  /** Shows how many breakers there are, where they are many. */
  observeKeys(meter: Meter, keys: { readonly size: number; readonly open: number }): void {
    const attributes = this.#attributes;
    meter.gauge("breakwater.breaker.keys", () => keys.size, { description: "Breakers that are kept", attributes });
    meter.gauge("breakwater.breaker.keys.open", () => keys.open, { description: "Breakers of many that refuse", attributes });
  }
}

export function measuresOf(meter: Meter, name: string | undefined): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name);
}
