import { checkNumber } from "@breakwater/core";

/** One of those among which to choose, as the user describes it. */
export interface EndpointOptions<T> {
  /** What it is known by: two lists that name the same key mean the same endpoint. */
  readonly key: string;
  /** What the caller works with: an address, a client, a pool. */
  readonly value: T;
  /**
   * Its share beside the others, from 0. Default 1. One with 0 gets nothing while any other has more; if all have 0 they are
   * equal.
   */
  readonly weight?: number | undefined;
  /** Where it stands, for those who prefer their own zone. */
  readonly zone?: string | undefined;
}

/** The same, complete and frozen. */
export interface Endpoint<T> {
  readonly key: string;
  readonly value: T;
  readonly weight: number;
  readonly zone: string | undefined;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readEndpoints<T>(list: Iterable<EndpointOptions<T>>): readonly Endpoint<T>[] {
  const keys = new Set<string>();
  return Array.from(list, ({ key, value, weight = 1, zone }) => {
    if (typeof key !== "string") throw new TypeError(`an endpoint's key must be a string, got ${typeof key}`);
    if (keys.has(key)) throw new RangeError(`endpoints must have keys of their own, got ${JSON.stringify(key)} twice`);
    keys.add(key);
    checkNumber(`weight of ${key}`, weight, { max: 1e9 });
    return Object.freeze({ key, value, weight, zone });
  });
}
