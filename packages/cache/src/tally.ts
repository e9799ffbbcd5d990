import { noopMeter, warn, type Attributes, type Counter, type Meter } from "@breakwater/core";

/** What is counted since the beginning. */
export interface Counts {
  /** Calls that were answered at once with what is fresh, an error that was kept too. */
  readonly hits: number;
  /** Calls that had to wait for a load, begun by them or under way. */
  readonly misses: number;
  /** Calls that were answered at once with an old value. */
  readonly stale: number;
  /** Those of `misses` that joined a load which was under way. */
  readonly shared: number;
  /** Those of `misses` that got an old value because the load failed. */
  readonly staleOnError: number;
  /** Loads that were started, refreshes too. */
  readonly loads: number;
  /** Loads that failed, refreshes too. */
  readonly loadErrors: number;
  /** Loads that were aborted because nobody waited any more. */
  readonly loadsAborted: number;
  /** Refreshes that were started in the background. */
  readonly refreshes: number;
  /** Values that went because the cache is full, or that were too large for it. */
  readonly evictions: number;
  /** Reads of the second level that found a value which may be answered, be it old. */
  readonly secondLevelHits: number;
  /** Reads of the second level that found none. */
  readonly secondLevelMisses: number;
  /** Reads and writes of the second level that failed or took too long, and values and keys that cannot be written or read. */
  readonly secondLevelFailures: number;
  /** Reads and writes that were not tried, because it failed too often just before. */
  readonly secondLevelSkips: number;
}

const instruments: Readonly<Record<keyof Counts, readonly [name: string, description: string, unit: string, outcome?: string]>> = {
  hits: ["requests", "Calls by how they were answered", "{call}", "hit"],
  misses: ["requests", "Calls by how they were answered", "{call}", "miss"],
  stale: ["requests", "Calls by how they were answered", "{call}", "stale"],
  shared: ["requests.shared", "Calls that joined a load which was under way", "{call}"],
  staleOnError: ["requests.stale_on_error", "Calls that got an old value because the load failed", "{call}"],
  loads: ["loads", "Loads that were started", "{load}"],
  loadErrors: ["loads.failed", "Loads that failed", "{load}"],
  loadsAborted: ["loads.aborted", "Loads that were aborted because nobody waited any more", "{load}"],
  refreshes: ["refreshes", "Refreshes that were started in the background", "{load}"],
  evictions: ["evictions", "Values that went because the cache is full", "{entry}"],
  secondLevelHits: ["second_level.reads", "Reads of the second level by what they found", "{operation}", "hit"],
  secondLevelMisses: ["second_level.reads", "Reads of the second level by what they found", "{operation}", "miss"],
  secondLevelFailures: ["second_level.failures", "Reads and writes of the second level that failed or took too long", "{operation}"],
  secondLevelSkips: ["second_level.skips", "Reads and writes of the second level that were not tried", "{operation}"],
};

/** Counts for `stats` always, and for a meter where one was given. */
export class Tally {
  readonly counts: { -readonly [Count in keyof Counts]: number } = {
    hits: 0,
    misses: 0,
    stale: 0,
    shared: 0,
    staleOnError: 0,
    loads: 0,
    loadErrors: 0,
    loadsAborted: 0,
    refreshes: 0,
    evictions: 0,
    secondLevelHits: 0,
    secondLevelMisses: 0,
    secondLevelFailures: 0,
    secondLevelSkips: 0,
  };
  readonly #counters: Readonly<Record<keyof Counts, Counter>> | undefined;

  constructor(meter: Meter, name: string | undefined) {
    this.#counters = meter === noopMeter ? undefined : bind(meter, name);
  }

  /** The hot path: a field, and one comparison. */
  hit(): void {
    this.counts.hits += 1;
    if (this.#counters !== undefined) add(this.#counters.hits, 1);
  }

  add(count: keyof Counts, amount = 1): void {
    this.counts[count] += amount;
    if (this.#counters !== undefined) add(this.#counters[count], amount);
  }
}

function bind(meter: Meter, name: string | undefined): Record<keyof Counts, Counter> {
  const own: Attributes = name === undefined ? {} : { name };
  const counters = Object.entries(instruments).map(([count, [instrument, description, unit, outcome]]) => {
    const attributes = outcome === undefined ? own : { ...own, outcome };
    return [count, meter.counter(`breakwater.cache.${instrument}`, { description, unit, attributes })] as const;
  });
  return Object.fromEntries(counters) as Record<keyof Counts, Counter>; // of just these
}

/** A broken meter fails no call: what it throws becomes a process warning. */
function add(counter: Counter, amount: number): void {
  try {
    counter.add(amount);
  } catch (error) {
    warn(error);
  }
}
