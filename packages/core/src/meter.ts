import { warn } from "./emitter.ts";

/** Labels of one series. Bound when a pattern is built, never per call. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Only ever goes up. */
export interface Counter {
  add(amount: number): void;
}

/** Records a distribution, e.g. of durations. */
export interface Histogram {
  record(value: number): void;
}

export interface InstrumentOptions {
  /** One sentence for the reader of a dashboard. */
  readonly description?: string | undefined;
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `{call}`. */
  readonly unit?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

/**
 * Where measurements go. Instruments are bound to their attributes when they are made, so that recording costs no
 * lookup. Asking twice for the same name and attributes gives the same series.
 */
export interface Meter {
  counter(name: string, options?: InstrumentOptions): Counter;
  histogram(name: string, options?: InstrumentOptions): Histogram;
  /** Reads the value when somebody looks. Returns the function that stops it. */
  gauge(name: string, read: () => number, options?: InstrumentOptions): () => void;
}

const ignore = (): void => undefined;
const counter: Counter = { add: ignore };
const histogram: Histogram = { record: ignore };

/** Measures nothing and costs nothing; the default of every pattern. */
export const noopMeter: Meter = { counter: () => counter, histogram: () => histogram, gauge: () => ignore };

/** Counts one. A broken meter fails no call, and takes no protection away: what it throws becomes a warning. */
export function increment(counter: Counter | undefined): void {
  try {
    counter?.add(1);
  } catch (error) {
    warn(error);
  }
}
