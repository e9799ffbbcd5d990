import { checkFunction, checkNumber, CoarseClock, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import { readSecondLevel, type SecondLevelOptions, type SecondLevelSettings } from "./second-level/options.ts";

/** Gets the value of a key from where it really is. The call has a signal where the load can be aborted, and never a deadline. */
export type Load<K, V> = (key: K, call: Call) => V | PromiseLike<V>;

export interface CacheOptions<K = string, V = unknown> {
  /** Used by `get(key, call?)`; who has none says it with each `get`, or uses a layer. */
  readonly load?: Load<K, V> | undefined;
  /** How long a value is fresh, in ms above 0. Infinity until it is set, deleted or evicted. */
  readonly ttlMs: number;
  /** How long after that it is answered at once, and refreshed in the background, in ms. Default 0: not at all. */
  readonly staleWhileRevalidateMs?: number | undefined;
  /** How long after `ttlMs` it is answered if the load fails, in ms. Default 0: not at all. */
  readonly staleIfErrorMs?: number | undefined;
  /**
   * How long it is kept that there is none, in ms; 0 keeps nothing of the kind. Default: a value like any other. It has no stale
   * time.
   */
  readonly negativeTtlMs?: number | undefined;
  /** Which values say that there is none. Only with `negativeTtlMs`. Default: undefined and null. */
  readonly isNegative?: ((value: V) => boolean) | undefined;
  /** Which errors say that there is none, and are kept for `negativeTtlMs`. Only with that. Default: none. A refusal is never kept. */
  readonly isNegativeError?: ((error: unknown) => boolean) | undefined;
  /** Up to this share of a time to live is taken off at random: 0 to 1. Default 0.1. */
  readonly jitterRatio?: number | undefined;
  /** Above 0, calls refresh a value before its time with a probability that grows towards the end; 1 is a good one. Default 0. */
  readonly earlyRefreshBeta?: number | undefined;
  /** After a failed load an old value is answered without another load for so long, in ms. Default 1000. It doubles, to a minute. */
  readonly refreshBackoffMs?: number | undefined;
  /** How many values are kept: a whole number from 1 to 16,777,216. Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** How many bytes are kept, as `sizeOf` measures: a whole number from 1. Only with `sizeOf`. Default: not bounded. */
  readonly maxBytes?: number | undefined;
  /** How large a value is, in bytes from 0. What it cannot say is not kept. */
  readonly sizeOf?: ((value: V, key: K) => number) | undefined;
  /** Copies a value when it is kept and when it is answered. Default: all share one reference. What it throws, the call rejects with. */
  readonly clone?: ((value: V) => V) | undefined;
  /** Values that several processes share, such as in Redis. Its failure is never a call's failure. Default: none. */
  readonly secondLevel?: SecondLevelOptions<K, V> | undefined;
  /** Stands in errors and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock, which hits read every 10 ms only, so that a value may end so much later. */
  readonly clock?: Clock | undefined;
  /** Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings<K, V> {
  readonly load: Load<K, V> | undefined;
  readonly ttlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly negativeTtlMs: number;
  /** Undefined where nothing is negative. */
  readonly isNegative: ((value: V) => boolean) | undefined;
  readonly isNegativeError: ((error: unknown) => boolean) | undefined;
  readonly jitterRatio: number;
  readonly earlyRefreshBeta: number;
  readonly refreshBackoffMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly sizeOf: ((value: V, key: K) => number) | undefined;
  readonly clone: ((value: V) => V) | undefined;
  readonly secondLevel: SecondLevelSettings<K, V> | undefined;
  readonly name: string | undefined;
  readonly clock: Clock;
  /** For what is asked with each call. May be a little behind `clock`. */
  readonly quickClock: Clock;
  readonly random: () => number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<K, V>(options: CacheOptions<K, V>): Settings<K, V> {
  const { load, sizeOf, clone, name, clock = systemClock, random = Math.random, meter = noopMeter } = options;
  const { staleWhileRevalidateMs = 0, staleIfErrorMs = 0, jitterRatio = 0.1, earlyRefreshBeta = 0, refreshBackoffMs = 1_000 } = options;
  for (const [option, value] of Object.entries({ load, sizeOf, clone })) if (value !== undefined) checkFunction(option, value);
  checkFunction("random", random);
  return {
    load,
    ttlMs: checkNumber("ttlMs", options.ttlMs, { min: Number.MIN_VALUE }),
    staleWhileRevalidateMs: checkNumber("staleWhileRevalidateMs", staleWhileRevalidateMs),
    staleIfErrorMs: checkNumber("staleIfErrorMs", staleIfErrorMs),
    ...readNegative(options),
    jitterRatio: checkNumber("jitterRatio", jitterRatio, { max: 1 }),
    earlyRefreshBeta: checkNumber("earlyRefreshBeta", earlyRefreshBeta, { max: Number.MAX_VALUE }),
    refreshBackoffMs: checkNumber("refreshBackoffMs", refreshBackoffMs),
    ...readBounds(options),
    sizeOf,
    clone,
    secondLevel: options.secondLevel === undefined ? undefined : readSecondLevel(options.secondLevel),
    name,
    clock,
    quickClock: options.clock ?? new CoarseClock(),
    random,
    meter,
  };
}

function readNegative<K, V>(options: CacheOptions<K, V>): Pick<Settings<K, V>, "negativeTtlMs" | "isNegative" | "isNegativeError"> {
  const { negativeTtlMs, isNegative, isNegativeError } = options;
  for (const [option, value] of Object.entries({ isNegative, isNegativeError })) {
    if (value === undefined) continue;
    checkFunction(option, value);
    if (negativeTtlMs === undefined) throw new TypeError(`negativeTtlMs must be given with ${option}, got undefined`);
  }
  if (negativeTtlMs === undefined) return { negativeTtlMs: 0, isNegative: undefined, isNegativeError: undefined };
  return { negativeTtlMs: checkNumber("negativeTtlMs", negativeTtlMs), isNegative: isNegative ?? isNothing, isNegativeError };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function readBounds<K, V>({ maxEntries = 10_000, maxBytes, sizeOf }: CacheOptions<K, V>): Pick<Settings<K, V>, "maxEntries" | "maxBytes"> {
  if (maxBytes !== undefined && sizeOf === undefined) throw new TypeError("sizeOf must be a function where maxBytes is given, got undefined");
  return {
    // lru-cache makes room for all of them at once.
    maxEntries: checkNumber("maxEntries", maxEntries, { min: 1, max: 2 ** 24, integer: true }),
    maxBytes: checkNumber("maxBytes", maxBytes ?? Number.MAX_SAFE_INTEGER, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true }),
  };
}
