import { noopMeter, type Attributes, type Counter, type Histogram, type Meter } from "@breakwater/core";
import type { DestroyReason } from "./events.ts";
import type { Size } from "./options.ts";
import type { PoolStats } from "./stats.ts";

/**
 * What is measured when a meter was given. Without one there is no object of this class, and no clock is read for it.
 *
 * Names are OpenTelemetry's semantic conventions for connection pools, where they have one; `breakwater.pool.*` is the rest.
 */
export class Measures {
  readonly wait: Histogram;
  readonly create: Histogram;
  readonly use: Histogram;
  readonly timeouts: Counter;
  readonly shed: Counter;
  readonly createFailures: Counter;
  readonly #destroyed: (reason: DestroyReason) => Counter;
  readonly #byReason = new Map<DestroyReason, Counter>();
  readonly #stops: (() => void)[];

  constructor(meter: Meter, name: string | undefined, size: Size, read: () => PoolStats) {
    const attributes: Attributes = name === undefined ? {} : { "db.client.connection.pool.name": name };
    const seconds = (noun: string, description: string): Histogram =>
      meter.histogram(`db.client.connection.${noun}`, { description, unit: "s", attributes });
    const counter = (name: string, description: string, unit: string, more: Attributes = {}): Counter =>
      meter.counter(name, { description, unit, attributes: { ...attributes, ...more } });
    this.wait = seconds("wait_time", "From asking for a resource to having it");
    this.create = seconds("create_time", "Of creates that succeeded");
    this.use = seconds("use_time", "From having a resource to returning it or giving it up");
    this.timeouts = counter("db.client.connection.timeouts", "Acquires that ran out of time", "{timeout}");
    this.shed = counter("breakwater.pool.shed", "Acquires that were given up because the line stood", "{acquire}");
    this.createFailures = counter("breakwater.pool.create.failures", "Creates that failed", "{create}");
    const ends = "Resources that were destroyed, by reason";
    this.#destroyed = (reason) => counter("breakwater.pool.destroyed", ends, "{connection}", { reason });
    const gauge = (noun: string, description: string, unit: string, value: () => number, more: Attributes = {}): (() => void) =>
      meter.gauge(`db.client.connection.${noun}`, value, { description, unit, attributes: { ...attributes, ...more } });
    const count = "Resources by state";
    this.#stops = [
      gauge("count", count, "{connection}", () => read().idle, { "db.client.connection.state": "idle" }),
      gauge("count", count, "{connection}", () => usedOf(read()), { "db.client.connection.state": "used" }),
      gauge("max", "How many there may be", "{connection}", () => size.max),
      gauge("idle.min", "How many are kept", "{connection}", () => size.min),
      gauge("idle.max", "How many may lie idle", "{connection}", () => Math.min(size.max, size.maxIdle)),
      gauge("pending_requests", "Acquires in line", "{request}", () => read().waiting),
    ];
  }

  destroyed(reason: DestroyReason): void {
    let counter = this.#byReason.get(reason);
    if (counter === undefined) this.#byReason.set(reason, (counter = this.#destroyed(reason)));
    counter.add(1);
  }

  /** The pool is closed: its gauges are not read any more. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/** In use by somebody, or by the pool itself. */
function usedOf({ busy, validating, resetting }: PoolStats): number {
  return busy + validating + resetting;
}

export function measuresOf(meter: Meter, name: string | undefined, size: Size, read: () => PoolStats): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, name, size, read);
}
