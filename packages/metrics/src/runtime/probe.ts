import type { Attributes, Counter, InstrumentOptions, Meter } from "@breakwater/core";

/** One part of what is watched, while it is watched. */
export interface Probe {
  /** Every second or oftener: brings counters up to date, and lets readings expire. */
  step?(): void;
  /** At the end of each interval. */
  sample?(): void;
  /** Lets go of what {@link Gauges} does not. */
  stop?(): void;
}

/** Gauges that are shown while something is watched. */
export class Gauges {
  readonly #meter: Meter;
  readonly #stops: (() => void)[] = [];

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  show(name: string, read: () => number, options: InstrumentOptions): void {
    this.#stops.push(this.#meter.gauge(name, read, options));
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}

/**
 * A counter that follows a total that something else keeps. It outlives a stop: whoever starts again goes on from there,
 * and what happened in between is counted then.
 */
export class Total {
  readonly #counter: Counter;
  #counted = 0;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  advanceTo(total: number): void {
    if (!(total > this.#counted)) return;
    this.#counter.add(total - this.#counted);
    this.#counted = total;
  }
}

/** One {@link Total} for each value of an attribute. */
export function totalsBy<Value extends string>(
  meter: Meter,
  name: string,
  attribute: string,
  values: readonly Value[],
  description: string,
): Readonly<Record<Value, Total>> {
  const total = (value: Value): Total => {
    const attributes: Attributes = { [attribute]: value };
    return new Total(meter.counter(name, { description, unit: "s", attributes }));
  };
  // fromEntries forgets which keys it was given
  return Object.fromEntries(values.map((value) => [value, total(value)])) as Record<Value, Total>;
}
