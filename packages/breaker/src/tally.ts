import type { Attributes, Counter, Meter, Outcome } from "@breakwater/core";

/** Counts calls twice: in fields, for `stats`, and on the meter. */
export class Tally {
  success = 0;
  failure = 0;
  neutral = 0;
  rejected = 0;
  opened = 0;
  readonly #calls: Record<Outcome | "rejected", Counter>;
  readonly #opened: Counter;

  constructor(meter: Meter, attributes: Attributes) {
    const calls = (outcome: string): Counter =>
      meter.counter("breakwater.breaker.calls", {
        description: "Calls by outcome; the rejected ones did not reach the dependency.",
        unit: "{call}",
        attributes: { ...attributes, outcome },
      });
    this.#calls = { success: calls("success"), failure: calls("failure"), neutral: calls("neutral"), rejected: calls("rejected") };
    this.#opened = meter.counter("breakwater.breaker.openings", {
      description: "How often the breaker opened.",
      unit: "{opening}",
      attributes,
    });
  }

  count(outcome: Outcome | "rejected"): void {
    this[outcome] += 1;
    this.#calls[outcome].add(1);
  }

  countOpening(): void {
    this.opened += 1;
    this.#opened.add(1);
  }
}
