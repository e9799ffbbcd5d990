import { noopMeter, warn, type Counter, type Meter } from "@breakwater/core";

/** How a request ended: `answered` below 500, `failed` from 500 on, `gone` when the client went first. */
export type ExchangeOutcome = "answered" | "failed" | "gone";

/** Counts exchanges, for `stats` and for the meter. */
export class Measures {
  answered = 0;
  failed = 0;
  gone = 0;
  readonly #counters: Readonly<Record<ExchangeOutcome, Counter>> | undefined;

  constructor(meter: Meter, name: string) {
    if (meter === noopMeter) return;
    const counter = (outcome: ExchangeOutcome): Counter =>
      meter.counter("breakwater.http.requests", {
        description: "Requests by how they ended: answered below 500, failed from 500 on, gone with their client",
        unit: "{request}",
        attributes: { name, outcome },
      });
    this.#counters = { answered: counter("answered"), failed: counter("failed"), gone: counter("gone") };
  }

  count(outcome: ExchangeOutcome): void {
    this[outcome] += 1;
    try {
      this.#counters?.[outcome].add(1);
    } catch (error) {
      warn(error);
    }
  }
}
