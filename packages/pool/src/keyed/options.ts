import { checkFunction, checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";
import type { CreateContext, PoolOptions } from "../options.ts";

/** As for a pool, each of them for one key; there is no `min`, for a key without resources is forgotten. */
export interface KeyedPoolOptions<R> extends Omit<PoolOptions<R>, "create" | "min"> {
  /** Makes a resource for this key. */
  readonly create: (key: string, context: CreateContext) => R | PromiseLike<R>;
  /** How many may exist at once over all keys. Whole, from 1. Default Infinity. `max` is for each key. */
  readonly maxTotal?: number | undefined;
}

export interface KeyedPoolSettings<R> {
  readonly options: KeyedPoolOptions<R>;
  readonly name: string | undefined;
  readonly maxTotal: number;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** What a key's own pool would not check before its first use. */
export function readKeyedOptions<R>(options: KeyedPoolOptions<R>): KeyedPoolSettings<R> {
  const { name, clock = systemClock, meter = noopMeter, maxTotal = Infinity } = options;
  checkFunction("create", options.create);
  return { options: { ...options }, name, clock, meter, maxTotal: checkNumber("maxTotal", maxTotal, { min: 1, integer: true }) };
}

/** Counts all keys as one: a series for each key would be as many series as there are keys. */
export function meterOfAll(meter: Meter, name: string | undefined): Meter {
  if (meter === noopMeter) return noopMeter;
  const renamed = { ...(name !== undefined && { "db.client.connection.pool.name": name }) };
  const merge = (options: Parameters<Meter["counter"]>[1]): Parameters<Meter["counter"]>[1] => ({
    ...options,
    attributes: { ...options?.attributes, ...renamed },
  });
  return {
    counter: (instrument, options) => meter.counter(instrument, merge(options)),
    histogram: (instrument, options) => meter.histogram(instrument, merge(options)),
    gauge: () => () => undefined, // the keyed pool shows the sums
  };
}
