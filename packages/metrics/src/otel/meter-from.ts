import { checkFunction, type Attributes, type Counter, type Histogram, type InstrumentOptions, type Meter } from "@breakwater/core";
import type {
  Attributes as OtelAttributes,
  Counter as OtelCounter,
  Histogram as OtelHistogram,
  Meter as OtelMeter,
  ObservableGauge,
  ObservableResult,
} from "@opentelemetry/api";
import { defaultBounds } from "../bounds.ts";
import { define, type Definition, type Kind } from "../definition.ts";
import { labelsOf } from "../labels.ts";
import { Names } from "../names.ts";
import { ObservedGaugeSeries } from "../observed-gauge.ts";

/**
 * Makes a meter of OpenTelemetry's API the `Meter` of every pattern, so that what they measure goes where the program's
 * other telemetry goes. Attributes are bound once; the same name and attributes give the same series. The same meter of
 * OpenTelemetry gives the same one here, so that gauges add up and names are checked across all who adapt it.
 *
 * What OpenTelemetry would take and then report as two metrics of one name is refused, as by a registry of this package:
 * its methods throw InstrumentConflictError (`ERR_INSTRUMENT_CONFLICT`) when the name has another kind or unit, and
 * TypeError or RangeError for a name or an attribute that is not legal.
 */
export function meterFrom(meter: OtelMeter): Meter {
  checkFunction("meter.createCounter", (meter as Partial<OtelMeter> | undefined)?.createCounter);
  let adapted = known.get(meter);
  if (adapted === undefined) known.set(meter, (adapted = new AdaptedMeter(meter)));
  return adapted;
}

const known = new WeakMap<OtelMeter, AdaptedMeter>();

class AdaptedMeter implements Meter {
  readonly #meter: OtelMeter;
  readonly #names = new Names();
  readonly #definitions = new Map<string, Definition>();
  readonly #counters = new Map<string, OtelCounter>();
  readonly #histograms = new Map<string, OtelHistogram>();
  readonly #gauges = new Map<string, AdaptedGauge>();

  constructor(meter: OtelMeter) {
    this.#meter = meter;
  }

  counter(name: string, options: InstrumentOptions = {}): Counter {
    const { unit, description } = this.#claim("counter", name, options);
    const attributes = boundOf(options.attributes);
    const make = (): OtelCounter => this.#meter.createCounter(name, { unit, description });
    return new AdaptedCounter(madeOnce(this.#counters, name, make), attributes);
  }

  histogram(name: string, options: InstrumentOptions = {}): Histogram {
    const { unit, description } = this.#claim("histogram", name, options);
    const attributes = boundOf(options.attributes);
    // OpenTelemetry's default is for milliseconds, and would have all seconds below 5 in one bucket.
    const advice = unit === "s" ? { advice: { explicitBucketBoundaries: [...defaultBounds] } } : {};
    const make = (): OtelHistogram => this.#meter.createHistogram(name, { unit, description, ...advice });
    return new AdaptedHistogram(madeOnce(this.#histograms, name, make), attributes);
  }

  gauge(name: string, read: () => number, options: InstrumentOptions = {}): () => void {
    checkFunction("read", read);
    const { unit, description } = this.#claim("observed gauge", name, options);
    const make = (): AdaptedGauge => new AdaptedGauge(this.#meter.createObservableGauge(name, { unit, description }));
    return madeOnce(this.#gauges, name, make).observe(read, options.attributes);
  }

  #claim(kind: Kind, name: string, options: InstrumentOptions): Definition {
    const definition = define(kind, name, options);
    labelsOf(options.attributes); // throws before anything is made
    const known = this.#definitions.get(name);
    if (known?.kind === kind && known.unit === definition.unit) return known;
    this.#names.claim(definition);
    this.#definitions.set(name, definition);
    return definition;
  }
}

class AdaptedCounter implements Counter {
  readonly #counter: OtelCounter;
  readonly #attributes: OtelAttributes;

  constructor(counter: OtelCounter, attributes: OtelAttributes) {
    this.#counter = counter;
    this.#attributes = attributes;
  }

  add(amount: number): void {
    this.#counter.add(amount, this.#attributes);
  }
}

class AdaptedHistogram implements Histogram {
  readonly #histogram: OtelHistogram;
  readonly #attributes: OtelAttributes;

  constructor(histogram: OtelHistogram, attributes: OtelAttributes) {
    this.#histogram = histogram;
    this.#attributes = attributes;
  }

  record(value: number): void {
    this.#histogram.record(value, this.#attributes);
  }
}

/**
 * One observable gauge with a callback for each series. Readers of one series add up, as they do in a registry of this
 * package; to OpenTelemetry they would be two observations of one thing, of which it keeps the last.
 */
class AdaptedGauge {
  readonly #gauge: ObservableGauge;
  readonly #series = new Map<string, ObservedGaugeSeries>();

  constructor(gauge: ObservableGauge) {
    this.#gauge = gauge;
  }

  observe(read: () => number, attributes: Attributes | undefined): () => void {
    const { text } = labelsOf(attributes);
    let series = this.#series.get(text);
    if (series === undefined) this.#series.set(text, (series = this.#make(text, boundOf(attributes))));
    return series.observe(read);
  }

  #make(text: string, attributes: OtelAttributes): ObservedGaugeSeries {
    const series: ObservedGaugeSeries = new ObservedGaugeSeries({
      remove: () => {
        this.#gauge.removeCallback(callback);
        this.#series.delete(text);
      },
    });
    const callback = (result: ObservableResult): void => {
      const { value } = series;
      // No answer is no observation.
      if (value !== undefined && !Number.isNaN(value)) result.observe(value, attributes);
    };
    this.#gauge.addCallback(callback);
    return series;
  }
}

function boundOf(attributes: Attributes | undefined): OtelAttributes {
  return Object.freeze({ ...attributes });
}

function madeOnce<Instrument>(known: Map<string, Instrument>, name: string, make: () => Instrument): Instrument {
  let instrument = known.get(name);
  if (instrument === undefined) known.set(name, (instrument = make()));
  return instrument;
}
