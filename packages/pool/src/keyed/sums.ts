import type { Meter } from "@breakwater/core";
import type { KeyedPoolStats } from "./stats.ts";

/** Shows the sums over all keys. The answer ends it. */
export function showSums(meter: Meter, name: string | undefined, maxTotal: number, read: () => KeyedPoolStats): () => void {
  const attributes = name === undefined ? {} : { "db.client.connection.pool.name": name };
  const gauge = (noun: string, unit: string, description: string, value: () => number, more: Record<string, string> = {}): (() => void) =>
    meter.gauge(`db.client.connection.${noun}`, value, { description, unit, attributes: { ...attributes, ...more } });
  const stops = [
    gauge("count", "{connection}", "Resources by state", () => read().idle, { "db.client.connection.state": "idle" }),
    gauge("count", "{connection}", "Resources by state", () => read().busy, { "db.client.connection.state": "used" }),
    gauge("max", "{connection}", "How many there may be", () => maxTotal),
    gauge("pending_requests", "{request}", "Acquires in line", () => read().waiting),
    meter.gauge("breakwater.pool.keys", () => read().keys, { description: "Keys that have a pool", unit: "{key}", attributes }),
  ];
  return () => stops.forEach((stop) => stop());
}
