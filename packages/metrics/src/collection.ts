import type { Definition } from "./definition.ts";
import type { Distribution } from "./distribution.ts";
import type { Exemplar } from "./exemplar.ts";
import type { ClassicBuckets } from "./histogram.ts";
import type { Labels } from "./labels.ts";

/** Anything with one number at a time; undefined while there is none. */
export interface Scalar {
  readonly value: number | undefined;
  /** Of a counter. */
  readonly exemplar?: Exemplar | undefined;
}

/**
 * Sees the samples of one stretch of time and the seconds over which they came; `windowMs` is Infinity for all time. The
 * samples are good for this one call: they are added to before the next.
 */
export type SeeSamples = (samples: Distribution, seconds: number, windowMs: number) => void;

/** A histogram as expositions read it. */
export interface HistogramSource {
  classic(): ClassicBuckets;
  /** The latest of the samples in this `le` bucket, counted from 0, that had one. */
  exemplar(bucket: number): Exemplar | undefined;
  /** Shows each window, the shortest first, then all time, in one pass over what is kept. */
  read(see: SeeSamples): void;
}

/** A state set as expositions read it. */
export interface StatesSource {
  states(): ReadonlyMap<string, boolean>;
}

/** All series of one instrument. */
export interface FamilyOf<Instrument> {
  readonly definition: Definition;
  readonly exposedName: string;
  series(): Iterable<{ readonly labels: Labels; readonly instrument: Instrument }>;
}

/** All instruments of a registry, by what there is to read. */
export interface Collection {
  /** When the registry was made, in milliseconds of the wall clock. */
  readonly startedAtMs: number;
  /** Now, by the same clock. */
  readonly takenAtMs: number;
  /** The windows of its histograms, the shortest first. */
  readonly windowsMs: readonly number[];
  /** Counters, up-down counters and both sorts of gauges. */
  readonly scalars: readonly FamilyOf<Scalar>[];
  readonly histograms: readonly FamilyOf<HistogramSource>[];
  /** Their data are their labels. */
  readonly infos: readonly FamilyOf<Scalar>[];
  readonly stateSets: readonly FamilyOf<StatesSource>[];
}
