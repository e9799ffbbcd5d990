import { warn } from "@breakwater/core";

/** What says where a sample came from, e.g. `{ trace_id: "4bf9..." }`. */
export type ExemplarLabels = Readonly<Record<string, string>>;

/** Answers with the labels of whatever is running now, or undefined when there is nothing to say. */
export type ExemplarSource = () => ExemplarLabels | undefined;

/** One sample that stands for its neighbours, and where to find what it came from. */
export interface Exemplar {
  readonly value: number;
  readonly labels: ExemplarLabels;
  /** Milliseconds of the wall clock. */
  readonly atMs: number;
}

/** OpenMetrics' limit for all names and values of one exemplar's labels together, in code points. */
const longestLabels = 128;

/**
 * Makes exemplars for all instruments of a registry. Nobody who records pays for this but by one comparison, unless the
 * registry has a source or the record brings labels.
 */
export class Exemplars {
  readonly #source: ExemplarSource | undefined;
  readonly #wallClock: () => number;
  #hasWarned = false;

  constructor(source: ExemplarSource | undefined, wallClock: () => number) {
    this.#source = source;
    this.#wallClock = wallClock;
  }

  /** Whether there can be an exemplar although a record brings no labels. */
  get hasSource(): boolean {
    return this.#source !== undefined;
  }

  /** Undefined when there are no labels; null when they are none that an exemplar may have. */
  make(value: number, given: ExemplarLabels | undefined): Exemplar | undefined | null {
    const isGiven = given !== undefined;
    const labels: unknown = isGiven ? given : this.#ask();
    if (labels === undefined) return undefined;
    const copy = copyOf(labels);
    return copy === undefined ? null : { value, labels: copy, atMs: this.#wallClock() };
  }

  // A source that throws must not fail the code that records; one warning is enough for all records.
  #ask(): unknown {
    try {
      return this.#source?.();
    } catch (error) {
      if (!this.#hasWarned) warn(error);
      this.#hasWarned = true;
      return null;
    }
  }
}

// The caller may change its object later, and may not have minded the types.
function copyOf(labels: unknown): ExemplarLabels | undefined {
  if (typeof labels !== "object" || labels === null) return undefined;
  try {
    const entries: [string, unknown][] = Object.entries(labels);
    return areAllowed(entries) ? Object.fromEntries(entries) : undefined;
  } catch {
    return undefined; // a getter of theirs threw
  }
}

function areAllowed(entries: readonly [string, unknown][]): entries is [string, string][] {
  if (!entries.every(([name, value]) => name !== "" && typeof value === "string")) return false;
  const texts = entries.flat().join("");
  return texts.length <= longestLabels || (texts.length <= 2 * longestLabels && Array.from(texts).length <= longestLabels);
}
