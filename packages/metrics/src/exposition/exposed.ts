import type { Definition } from "../definition.ts";

/** What is written, as far as writing it needs to know: live instruments have this form, and snapshots are brought into it. */
export interface Exposed {
  readonly scalars: readonly ExposedFamily<ScalarReading>[];
  readonly histograms: readonly ExposedFamily<BucketsReading>[];
  readonly infos: readonly ExposedFamily<unknown>[];
  readonly stateSets: readonly ExposedFamily<StatesReading>[];
}

export interface ExposedFamily<Reading> {
  readonly definition: Pick<Definition, "kind" | "name" | "unit" | "description"> & {
    readonly bounds: { readonly values: ArrayLike<number> } | undefined;
  };
  readonly exposedName: string;
  /** Those there are now: what is added or removed while they are written does not change the list. */
  series(): Iterable<ExposedSeries<Reading>>;
}

export interface ExposedSeries<Reading> {
  /** The labels as both formats write them, without braces. */
  readonly labels: { readonly text: string };
  readonly instrument: Reading;
}

export interface ScalarReading {
  /** Undefined while there is none. */
  readonly value: number | undefined;
  readonly exemplar?: ExposedExemplar | undefined;
}

export interface BucketsReading {
  classic(): { readonly cumulative: ArrayLike<number>; readonly sum: number };
  exemplar?(bucket: number): ExposedExemplar | undefined;
}

export interface StatesReading {
  states(): ReadonlyMap<string, boolean>;
}

/** One sample that shows what is behind a count, by the trace that it came from. */
export interface ExposedExemplar {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the wall clock. */
  readonly atMs: number;
}
