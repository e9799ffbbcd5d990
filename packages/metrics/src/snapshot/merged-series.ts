import type { ExemplarSnapshot, SeriesSnapshot, StatesReading } from "../snapshot.ts";
import { ExactSum } from "./exact-sum.ts";
import type { GaugeRule } from "./gauge-rule.ts";

type Read<Reading> = Omit<SeriesSnapshot<Reading>, "attributes">;

/** One series while it is put together. */
export interface Merged<Reading> {
  /** `takenAtMs` is that of the snapshot that the series comes from. */
  add(series: Read<Reading>, takenAtMs: number): void;
  /** `takenAtMs` is that of the merged snapshot. */
  read(takenAtMs: number): Read<Reading>;
}

/** A {@link Merged} of whatever type: its readings may be handed to it, and nobody can make one up. */
export interface AnyMerged {
  add(series: never, takenAtMs: number): void;
  read(takenAtMs: number): Read<unknown>;
}

/** Counters, and gauges that are amounts. */
export class MergedSum implements Merged<number> {
  readonly #sum = new ExactSum();
  #exemplar: ExemplarSnapshot | undefined = undefined;

  add({ reading, rest, exemplar }: Read<number>): void {
    this.#sum.add(numberOf(reading));
    rest?.forEach((part) => this.#sum.add(part));
    this.#exemplar = later(this.#exemplar, exemplar);
  }

  read(): Read<number> {
    const { value, rest } = this.#sum;
    return { reading: value, ...(rest && { rest }), ...(this.#exemplar && { exemplar: this.#exemplar }) };
  }
}

/** Gauges of which one is taken. A reading of NaN, which is no answer, counts only where there is no other. */
export class MergedGauge implements Merged<number> {
  readonly #rule: GaugeRule;
  #reading = NaN;
  #atMs = -Infinity;

  constructor(rule: GaugeRule) {
    this.#rule = rule;
  }

  add(series: Read<number>, takenAtMs: number): void {
    const reading = numberOf(series.reading);
    const atMs = series.atMs ?? takenAtMs;
    if (this.#replaces(reading, atMs)) this.#reading = reading;
    this.#atMs = Math.max(this.#atMs, atMs);
  }

  read(takenAtMs: number): Read<number> {
    return this.#rule === "last" && this.#atMs !== takenAtMs ? { reading: this.#reading, atMs: this.#atMs } : { reading: this.#reading };
  }

  #replaces(reading: number, atMs: number): boolean {
    const isLast = this.#rule !== "max" && this.#rule !== "min";
    if (isLast && atMs !== this.#atMs) return atMs > this.#atMs;
    if (Number.isNaN(this.#reading) || Number.isNaN(reading)) return Number.isNaN(this.#reading);
    return this.#rule === "min" ? reading < this.#reading : reading > this.#reading;
  }
}

/** What says the same everywhere. */
export class MergedInfo implements Merged<number> {
  add(): void {
    // an info is there or is not
  }

  read(): Read<number> {
    return { reading: 1 };
  }
}

export class MergedStates implements Merged<StatesReading> {
  readonly #rule: GaugeRule;
  readonly #states = new Map<string, MergedGauge>();

  constructor(rule: GaugeRule) {
    this.#rule = rule === "sum" ? "max" : rule;
  }

  add({ reading, atMs = -Infinity }: Read<StatesReading>, takenAtMs: number): void {
    for (const [state, isPresent] of Object.entries(reading)) {
      let merged = this.#states.get(state);
      if (merged === undefined) this.#states.set(state, (merged = new MergedGauge(this.#rule)));
      merged.add({ reading: isPresent ? 1 : 0 }, atMs === -Infinity ? takenAtMs : atMs);
    }
  }

  read(takenAtMs: number): Read<StatesReading> {
    const readings = [...this.#states].map(([state, merged]) => ({ state, ...merged.read(takenAtMs) }));
    const atMs = readings.find((each) => each.atMs !== undefined)?.atMs;
    const reading = Object.fromEntries(readings.map((each) => [each.state, each.reading === 1]));
    return atMs === undefined ? { reading } : { reading, atMs };
  }
}

/** The later of two; of two at the same time that of the larger value, so that their order does not matter. */
export function later(a: ExemplarSnapshot | undefined, b: ExemplarSnapshot | undefined): ExemplarSnapshot | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.atMs !== b.atMs) return a.atMs > b.atMs ? a : b;
  if (a.value !== b.value) return a.value > b.value ? a : b;
  return JSON.stringify(a.labels) > JSON.stringify(b.labels) ? a : b;
}

/** JSON has no NaN and no infinities; what stands in their place is no answer. */
export function numberOf(reading: number | null): number {
  return reading ?? NaN;
}
