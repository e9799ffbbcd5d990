import type { Attributes } from "@breakwater/core";
import { Bounds, defaultBounds } from "./bounds.ts";
import type { CardinalityReport } from "./cardinality.ts";
import type { Collection } from "./collection.ts";
import type { CounterSeries } from "./counter.ts";
import type { Definition } from "./definition.ts";
import { Diagnostics } from "./diagnostics.ts";
import type { Exemplars } from "./exemplar.ts";
import { Family, labelsFor, type Home } from "./family.ts";
import type { GaugeSeries } from "./gauge.ts";
import type { HistogramSeries } from "./histogram.ts";
import type { InfoSeries } from "./info.ts";
import { Names } from "./names.ts";
import type { ObservedGaugeSeries } from "./observed-gauge.ts";
import type { StateSetSeries } from "./state-set.ts";
import type { UpDownCounterSeries } from "./up-down-counter.ts";

interface SeriesByKind {
  readonly counters: CounterSeries;
  readonly upDownCounters: UpDownCounterSeries;
  readonly gauges: GaugeSeries;
  readonly observedGauges: ObservedGaugeSeries;
  readonly histograms: HistogramSeries;
  readonly infos: InfoSeries;
  readonly stateSets: StateSetSeries;
}

type ByKind = { readonly [Kind in keyof SeriesByKind]: Map<string, Family<SeriesByKind[Kind]>> };

export interface FamiliesOptions {
  readonly maxSeries: number;
  readonly exemplars: Exemplars;
}

/** Those of all histograms that ask for no others: their table takes 4 KB. Made when there is one. */
let sharedBounds: Bounds | undefined;

/** All instruments of a registry: which there are, and whether one that is asked for agrees with the one of its name. */
export class Families {
  readonly #options: FamiliesOptions;
  readonly #names = new Names();
  readonly #all: ByKind = {
    counters: new Map(),
    upDownCounters: new Map(),
    gauges: new Map(),
    observedGauges: new Map(),
    histograms: new Map(),
    infos: new Map(),
    stateSets: new Map(),
  };
  #diagnostics: Diagnostics;

  constructor(options: FamiliesOptions) {
    this.#options = options;
    this.#diagnostics = this.#diagnose();
  }

  /**
   * The instrument of this definition with these attributes, made when it is not there. What is refused leaves nothing behind,
   * not even its name.
   *
   * @throws InstrumentConflictError naming both definitions; TypeError or RangeError for attributes that are not legal.
   */
  bind<Kind extends keyof SeriesByKind>(
    kind: Kind,
    definition: Definition,
    attributes: Attributes | undefined,
    make: (home: Home) => SeriesByKind[Kind],
  ): SeriesByKind[Kind] {
    const labels = labelsFor(definition, attributes);
    return this.#of(kind, definition, make).bind(labels);
  }

  /** One object per instrument: its table is shared by the series, and "the same" is one comparison. */
  boundsOf(name: string, buckets: readonly number[] | undefined): Bounds {
    const known = this.#all.histograms.get(name)?.definition.bounds;
    if (known !== undefined && (buckets === undefined || known.isSameAs(buckets))) return known;
    return buckets === undefined ? (sharedBounds ??= new Bounds(defaultBounds)) : new Bounds(buckets);
  }

  /** Likewise. */
  statesOf(name: string, states: readonly string[]): readonly string[] {
    const known = this.#all.stateSets.get(name)?.definition.states;
    return known?.length === states.length && known.every((state, index) => state === states[index]) ? known : states;
  }

  cardinality(): readonly CardinalityReport[] {
    const families: readonly Pick<Family<unknown>, "cardinality">[] = Object.values(this.#all).flatMap((each) => [...each.values()]);
    const reports = families.map((family) => family.cardinality());
    return reports.sort((a, b) => b.series - a.series || (a.name < b.name ? -1 : 1));
  }

  collection(): Pick<Collection, "scalars" | "histograms" | "infos" | "stateSets"> {
    const { counters, upDownCounters, gauges, observedGauges, histograms, infos, stateSets } = this.#all;
    return {
      scalars: [...counters.values(), ...upDownCounters.values(), ...gauges.values(), ...observedGauges.values()],
      histograms: [...histograms.values()],
      infos: [...infos.values()],
      stateSets: [...stateSets.values()],
    };
  }

  clear(): void {
    for (const families of Object.values(this.#all)) families.clear();
    this.#names.clear();
    this.#diagnostics = this.#diagnose();
  }

  #of<Kind extends keyof SeriesByKind>(
    kind: Kind,
    definition: Definition,
    make: (home: Home) => SeriesByKind[Kind],
  ): Family<SeriesByKind[Kind]> {
    const families = this.#all[kind];
    const known = families.get(definition.name);
    if (known !== undefined && isSame(known.definition, definition)) return known;
    this.#names.claim(definition);
    const family = new Family<SeriesByKind[Kind]>(definition, { ...this.#options, report: this.#diagnostics, make });
    families.set(definition.name, family);
    return family;
  }

  #diagnose(): Diagnostics {
    const diagnostics = new Diagnostics();
    for (const family of diagnostics.families) {
      this.#names.claim(family.definition);
      this.#all.counters.set(family.definition.name, family);
    }
    return diagnostics;
  }
}

function isSame(one: Definition, other: Definition): boolean {
  return one.unit === other.unit && one.bounds === other.bounds && one.states === other.states;
}
