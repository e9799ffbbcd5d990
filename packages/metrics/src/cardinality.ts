import type { Kind } from "./definition.ts";

/** How many series an instrument has, and which attribute makes them. */
export interface CardinalityReport {
  readonly name: string;
  readonly kind: Kind;
  /** Without the overflow series. */
  readonly series: number;
  readonly maxSeries: number;
  /** How often a new series was asked for when the instrument was full. */
  readonly overflowed: number;
  /** The attribute with the most distinct values among the series, and how many; undefined when there are none. */
  readonly attribute: { readonly key: string; readonly values: number } | undefined;
}

/** The one with the most distinct values; of equals the one seen first. */
export function worstAttribute(all: readonly Readonly<Record<string, string>>[]): CardinalityReport["attribute"] {
  const values = new Map<string, Set<string>>();
  for (const [key, value] of all.flatMap((attributes) => Object.entries(attributes))) {
    const known = values.get(key);
    if (known === undefined) values.set(key, new Set([value]));
    else known.add(value);
  }
  let worst: CardinalityReport["attribute"];
  for (const [key, { size }] of values) if (size > (worst?.values ?? 0)) worst = { key, values: size };
  return worst;
}
