import type { Attributes } from "@breakwater/core";
import { worstAttribute, type CardinalityReport } from "./cardinality.ts";
import { exposedName, reservedLabel, type Definition } from "./definition.ts";
import type { Exemplar, ExemplarLabels, Exemplars } from "./exemplar.ts";
import { hasLabel, labelsOf, type Labels } from "./labels.ts";

/** Told of what an instrument could not take. */
export interface Report {
  /** A new series was asked for and the instrument is full. */
  overflowed(definition: Definition, cardinality: () => CardinalityReport): void;
  /** This value cannot be counted. */
  rejected(definition: Definition, value: unknown): void;
  /** The labels of an exemplar are too long, or no labels. */
  exemplarDropped(definition: Definition): void;
}

/** The labels of a series, so that what is wrong with them is found before anything is made. @throws as `labelsOf` does. */
export function labelsFor(definition: Definition, attributes: Attributes | undefined): Labels {
  const labels = labelsOf(attributes);
  const reserved = reservedLabel(definition);
  if (reserved === undefined || !hasLabel(labels, reserved)) return labels;
  throw new RangeError(
    `attributes: ${JSON.stringify(reserved)} is the label of a ${definition.kind}'s ${
      definition.kind === "histogram" ? "buckets" : "states"
    }, got it as an attribute`,
  );
}

/** The place of an instrument in the registry, as the instrument itself sees it. */
export interface Home {
  rejected(value: unknown): void;
  remove(): void;
  /** Whether there can be an exemplar although a record brings no labels. */
  readonly hasExemplarSource: boolean;
  /** Undefined when there are no labels, or none that an exemplar may have. */
  exemplar(value: number, labels: ExemplarLabels | undefined): Exemplar | undefined;
}

export interface FamilyOptions<Instrument> {
  readonly maxSeries: number;
  readonly report: Report;
  readonly exemplars: Exemplars;
  readonly make: (home: Home) => Instrument;
}

/** One instrument with its labels. It is a {@link Home}, so that an instrument needs no closures of its own. */
export class Series<Instrument> implements Home {
  readonly labels: Labels;
  readonly instrument: Instrument;
  readonly #family: Family<Instrument>;

  constructor(labels: Labels, family: Family<Instrument>) {
    this.labels = labels;
    this.#family = family;
    this.instrument = family.options.make(this);
  }

  get hasExemplarSource(): boolean {
    return this.#family.options.exemplars.hasSource;
  }

  rejected(value: unknown): void {
    this.#family.options.report.rejected(this.#family.definition, value);
  }

  remove(): void {
    this.#family.remove(this);
  }

  exemplar(value: number, labels: ExemplarLabels | undefined): Exemplar | undefined {
    const { exemplars, report } = this.#family.options;
    const exemplar = exemplars.make(value, labels);
    if (exemplar === null) report.exemplarDropped(this.#family.definition);
    return exemplar ?? undefined;
  }
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
  /** @internal For its series. */
  readonly options: FamilyOptions<Instrument>;
  // By the labels' text. The overflow series is never among them, whoever asks for it.
  readonly #series = new Map<string, Series<Instrument>>();
  #overflow: Series<Instrument> | undefined = undefined;
  #overflowed = 0;

  constructor(definition: Definition, options: FamilyOptions<Instrument>) {
    this.definition = definition;
    this.exposedName = exposedName(definition);
    this.options = options;
  }

  /** The instrument of these labels, made when it is not there. */
  bind(labels: Labels): Instrument {
    if (labels.text === overflowLabels.text) return this.#overflowInstrument();
    const known = this.#series.get(labels.text);
    if (known !== undefined) return known.instrument;
    if (this.#series.size >= this.options.maxSeries) {
      this.#overflowed += 1;
      this.options.report.overflowed(this.definition, () => this.cardinality());
      return this.#overflowInstrument();
    }
    const series = new Series(labels, this);
    this.#series.set(labels.text, series);
    return series.instrument;
  }

  /** Those there are now, in a list of its own: a scrape takes turns, in which series come and go. */
  series(): Series<Instrument>[] {
    const all = [...this.#series.values()];
    if (this.#overflow !== undefined) all.push(this.#overflow);
    return all;
  }

  /** Takes the series out, if it is still in. The overflow series belongs to many, and goes when nobody reads for it. */
  remove(series: Series<Instrument>): void {
    if (this.#overflow === series) {
      if (this.definition.kind === "observed gauge") this.#overflow = undefined;
    } else if (this.#series.get(series.labels.text) === series) {
      this.#series.delete(series.labels.text);
    }
  }

  /** Computed from the series that are there, so that watching takes no memory. */
  cardinality(): CardinalityReport {
    const { name, kind } = this.definition;
    const attribute = worstAttribute([...this.#series.values()].map(({ labels }) => labels.attributes));
    return { name, kind, series: this.#series.size, maxSeries: this.options.maxSeries, overflowed: this.#overflowed, attribute };
  }

  #overflowInstrument(): Instrument {
    this.#overflow ??= new Series(overflowLabels, this);
    return this.#overflow.instrument;
  }
}
