/** The middle one; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

/** The median of each figure over the runs of several seeds. */
export function medians<Key extends string>(runs: readonly Readonly<Record<Key, number>>[]): Record<Key, number> {
  const [first] = runs;
  if (first === undefined) throw new Error("bug: no run");
  const keys = Object.keys(first) as Key[]; // those of the record's type
  const entries = keys.map((key) => [key, median(runs.map((run) => run[key]))] as const);
  return Object.fromEntries(entries) as Record<Key, number>; // and of the result's
}
