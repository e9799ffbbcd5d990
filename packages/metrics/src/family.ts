import type { Attributes } from "@breakwater/core";
import { exposedName, type Definition } from "./definition.ts";
import { hasLabel, labelsOf, type Labels } from "./labels.ts";

/** Told of what an instrument could not take. */
export interface Report {
  /** A new series was asked for and the instrument is full. */
  overflowed(definition: Definition): void;
  /** This value cannot be counted. */
  rejected(definition: Definition, value: unknown): void;
}

export interface Series<Instrument> {
  readonly labels: Labels;
  readonly instrument: Instrument;
}

export interface FamilyOptions<Instrument> {
  readonly maxSeries: number;
  readonly report: Report;
  readonly make: (reject: (value: unknown) => void, remove: () => void) => Instrument;
}

const overflowLabels = labelsOf({ "otel.metric.overflow": true });

/**
 * All series of one instrument.
 *
 * An attribute that takes its values from requests would make series until the process is out of memory. So there are
 * at most `maxSeries`; whoever asks for a new one after that gets the one overflow series, which keeps the totals right.
 */
export class Family<Instrument> {
  readonly definition: Definition;
  /** In Prometheus. */
  readonly exposedName: string;
  readonly #options: FamilyOptions<Instrument>;
  // By the labels' text. The overflow series is never among them, whoever asks for it.
  readonly #series = new Map<string, Series<Instrument>>();
  #overflow: Series<Instrument> | undefined = undefined;

  constructor(definition: Definition, options: FamilyOptions<Instrument>) {
    this.definition = definition;
    this.exposedName = exposedName(definition);
    this.#options = options;
  }

  /** The instrument of these attributes, made when it is not there. */
  bind(attributes: Attributes | undefined): Instrument {
    const labels = labelsOf(attributes);
    if (labels.text === overflowLabels.text) return this.#overflowInstrument();
    const known = this.#series.get(labels.text);
    if (known !== undefined) return known.instrument;
    if (this.definition.kind === "histogram" && hasLabel(labels, "le")) {
      throw new RangeError('attributes: "le" is the label of a histogram\'s buckets, got it as an attribute');
    }
    if (this.#series.size >= this.#options.maxSeries) {
      this.#options.report.overflowed(this.definition);
      return this.#overflowInstrument();
    }
    const series = this.#make(labels, () => this.#series.delete(labels.text));
    this.#series.set(labels.text, series);
    return series.instrument;
  }

  *series(): Generator<Series<Instrument>, void> {
    yield* this.#series.values();
    if (this.#overflow !== undefined) yield this.#overflow;
  }

  #overflowInstrument(): Instrument {
    this.#overflow ??= this.#make(overflowLabels, () => (this.#overflow = undefined));
    return this.#overflow.instrument;
  }

  #make(labels: Labels, remove: () => void): Series<Instrument> {
    const { make, report } = this.#options;
    return { labels, instrument: make((value) => report.rejected(this.definition, value), remove) };
  }
}
