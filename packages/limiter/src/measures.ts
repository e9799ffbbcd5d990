import { noopMeter, type Counter, type Histogram, type Meter } from "@breakwater/core";
import type { LimiterRejectionReason } from "./errors.ts";

/** What the gauges read. */
export interface Readings {
  readonly limit: number;
  readonly inUse: number;
  readonly waiting: number;
}

/** The reasons of a limiter of concurrency. */
export type QueueRejectionReason = Exclude<LimiterRejectionReason, "rate" | "blocked">;

/** What is measured when a meter was given. Without one there is no object of this class, and no clock is read for it. */
export class Measures {
  readonly wait: Histogram;
  readonly rejections: Readonly<Record<QueueRejectionReason, Counter>>;
  readonly #stops: (() => void)[];

  constructor(meter: Meter, name: string | undefined, readings: Readings) {
    const attributes = name === undefined ? {} : { name };
    const rejections = (reason: QueueRejectionReason): Counter =>
      meter.counter("breakwater.limiter.rejections", {
        description: "Calls that were not admitted",
        unit: "{call}",
        attributes: { ...attributes, reason },
      });
    this.rejections = {
      "queue-full": rejections("queue-full"),
      evicted: rejections("evicted"),
      timeout: rejections("timeout"),
      deadline: rejections("deadline"),
      "too-heavy": rejections("too-heavy"),
      overloaded: rejections("overloaded"),
      closed: rejections("closed"),
    };
    this.wait = meter.histogram("breakwater.limiter.wait.duration", {
      description: "Of waits that ended with admission; who did not wait is not recorded",
      unit: "s",
      attributes,
    });
    const gauge = (noun: string, unit: string, description: string, read: () => number): (() => void) =>
      meter.gauge(`breakwater.limiter.${noun}`, read, { description, unit, attributes });
    this.#stops = [
      gauge("limit", "{permit}", "How much may run at a time", () => readings.limit),
      gauge("in_use", "{permit}", "How much of the limit is taken", () => readings.inUse),
      gauge("waiting", "{call}", "Callers in line", () => readings.waiting),
    ];
  }

  /** The limiter is closed and idle: its gauges are not read any more. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

export function measuresOf(meter: Meter, name: string | undefined, readings: Readings): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name, readings);
}
