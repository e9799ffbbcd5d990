import { increment, noopMeter, warn, type Counter, type Histogram, type Meter, type Outcome } from "@breakwater/core";
import type { EjectionRule } from "./ejection/ejector.ts";

/**
 * What is measured when a meter was given. Without one there is no object of this class. Endpoints come and go, and a series for each
 * would stay for ever: `stats` has them one by one.
 */
export class Measures {
  readonly #calls: Readonly<Record<Outcome | "rejected", Counter>>;
  readonly #durations: Readonly<Record<Outcome, Histogram>>;
  readonly #ejections: Readonly<Record<EjectionRule, Counter>>;

  constructor(meter: Meter, name: string | undefined, counts: () => { available: number; ejected: number; draining: number }) {
    const attributes = name === undefined ? {} : { name };
    const calls = (outcome: string): Counter =>
      meter.counter("breakwater.balancer.calls", {
        description: "Calls by outcome; the rejected ones found no endpoint",
        unit: "{call}",
        attributes: { ...attributes, outcome },
      });
    const durations = (outcome: string): Histogram =>
      meter.histogram("breakwater.balancer.call.duration", {
        description: "From the pick until it was settled",
        unit: "s",
        attributes: { ...attributes, outcome },
      });
    const ejections = (rule: string): Counter =>
      meter.counter("breakwater.balancer.ejections", {
        description: "Endpoints that were left out for a while",
        unit: "{ejection}",
        attributes: { ...attributes, rule },
      });
    this.#calls = { success: calls("success"), failure: calls("failure"), neutral: calls("neutral"), rejected: calls("rejected") };
    this.#durations = { success: durations("success"), failure: durations("failure"), neutral: durations("neutral") };
    this.#ejections = {
      "consecutive-failures": ejections("consecutive-failures"),
      "success-rate": ejections("success-rate"),
      "failure-ratio": ejections("failure-ratio"),
      manual: ejections("manual"),
    };
    for (const state of ["available", "ejected", "draining"] as const) {
      const description = "Endpoints by state";
      meter.gauge("breakwater.balancer.endpoints", () => counts()[state], { description, unit: "{endpoint}", attributes: { ...attributes, state } });
    }
  }

  settled(outcome: Outcome, elapsedMs: number): void {
    try {
      this.#calls[outcome].add(1);
      this.#durations[outcome].record(elapsedMs / 1_000);
    } catch (error) {
      warn(error); // a broken meter fails no call
    }
  }

  rejected(): void {
    increment(this.#calls.rejected);
  }

  ejected(rule: EjectionRule): void {
    increment(this.#ejections[rule]);
  }
}

export function isMeasured(meter: Meter): boolean {
  return meter !== noopMeter;
}
