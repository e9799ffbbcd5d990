import type { Counter, Histogram, Meter } from "@breakwater/core";
import type { LimiterRejectionReason } from "./errors.ts";

/** What the gauges read. */
export interface Readings {
  readonly limit: number;
  readonly inUse: number;
  readonly waiting: number;
}

/** The limiter's instruments, bound once. */
export class Measures {
  readonly waited: Histogram;
  readonly #rejections: Record<LimiterRejectionReason, Counter>;

  constructor(meter: Meter, name: string | undefined, readings: Readings) {
    const attributes = name === undefined ? {} : { name };
    const rejections = (reason: LimiterRejectionReason): Counter =>
      meter.counter("breakwater.limiter.rejections", {
        description: "Calls that were not admitted, by reason.",
        unit: "{call}",
        attributes: { ...attributes, reason },
      });
    this.#rejections = {
      "queue-full": rejections("queue-full"),
      timeout: rejections("timeout"),
      deadline: rejections("deadline"),
      "too-heavy": rejections("too-heavy"),
      closed: rejections("closed"),
    };
    this.waited = meter.histogram("breakwater.limiter.wait.duration", {
      description: "How long callers waited that were admitted after a wait.",
      unit: "s",
      attributes,
    });
    const gauge = (noun: string, description: string, read: () => number): unknown =>
      meter.gauge(`breakwater.limiter.${noun}`, read, { description, attributes });
    gauge("limit", "How much may run at a time.", () => readings.limit);
    gauge("in_use", "How much of the limit is taken.", () => readings.inUse);
    gauge("waiting", "How many callers wait.", () => readings.waiting);
  }

  rejected(reason: LimiterRejectionReason): void {
    this.#rejections[reason].add(1);
  }
}
