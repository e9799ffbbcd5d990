import { checkFunction, checkNumber } from "@breakwater/core";
import type { SecondLevelStore } from "./store.ts";

export interface SecondLevelOptions<K = string, V = unknown> {
  /** Such as `redisStore(client)` of `@breakwater/cache/redis`. */
  readonly store: SecondLevelStore;
  /** Begins every key in the store, so that no two caches read each other's values. Not empty. */
  readonly prefix: string;
  /** Of the shape of the values: raise it when that changes, and what was written before is not read. Whole, from 0. Default 1. */
  readonly version?: number | undefined;
  /** The key as a text. Default: a string as it is, other primitives apart from all strings; an object has none, and is not shared. */
  readonly keyOf?: ((key: K) => string) | undefined;
  /** Default: JSON, and an empty text for undefined. What it throws for is not shared. */
  readonly serialize?: ((value: V) => string) | undefined;
  /** Takes `serialize` back. What it throws for is loaded. */
  readonly deserialize?: ((text: string) => V) | undefined;
  /** A caller waits so long for the store at most, in ms from 1 to 60,000. Default 50. */
  readonly timeoutMs?: number | undefined;
  /** After so many failures in a row it is left alone for `pauseMs`: whole, from 1. Default 5. */
  readonly failureThreshold?: number | undefined;
  /** How long it is left alone, in ms. After that one operation tries it. Default 1000. */
  readonly pauseMs?: number | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface SecondLevelSettings<K, V> {
  readonly store: SecondLevelStore;
  /** With the version, and what parts it from the key. */
  readonly prefix: string;
  readonly keyOf: (key: K) => string;
  readonly serialize: (value: V) => string;
  readonly deserialize: (text: string) => V;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly pauseMs: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readSecondLevel<K, V>(options: SecondLevelOptions<K, V>): SecondLevelSettings<K, V> {
  const { store, prefix, version = 1, keyOf = textOfKey, serialize = toJson, deserialize = fromJson as (text: string) => V } = options;
  const { timeoutMs = 50, failureThreshold = 5, pauseMs = 1_000 } = options;
  checkStore(store);
  if (typeof prefix !== "string") throw new TypeError(`secondLevel.prefix must be a string, got ${typeof prefix}`);
  if (prefix === "") throw new RangeError('secondLevel.prefix must not be empty, got ""');
  for (const [option, value] of Object.entries({ keyOf, serialize, deserialize })) checkFunction(`secondLevel.${option}`, value);
  return {
    store,
    prefix: `${prefix}:v${checkNumber("secondLevel.version", version, { max: Number.MAX_SAFE_INTEGER, integer: true })}:`,
    keyOf,
    serialize,
    deserialize,
    timeoutMs: checkNumber("secondLevel.timeoutMs", timeoutMs, { min: 1, max: 60_000 }),
    failureThreshold: checkNumber("secondLevel.failureThreshold", failureThreshold, { min: 1, integer: true }),
    pauseMs: checkNumber("secondLevel.pauseMs", pauseMs),
  };
}

function checkStore(store: unknown): void {
  if (typeof store !== "object" || store === null) throw new TypeError(`secondLevel.store must be an object, got ${typeof store}`);
  const { get, set, delete: remove }: Partial<Record<keyof SecondLevelStore, unknown>> = store;
  for (const [method, value] of Object.entries({ get, set, delete: remove })) checkFunction(`secondLevel.store.${method}`, value);
}

/** No two keys that a Map tells apart have the same text: what is no string begins with `=`, and a string that does gets another one. */
function textOfKey(key: unknown): string {
  if (typeof key === "string") return key.startsWith("=") ? `=${key}` : key;
  if (typeof key === "bigint") return `=${key}n`;
  if (typeof key === "number" || typeof key === "boolean" || key === undefined || key === null) return `=${String(key)}`;
  throw new TypeError(`secondLevel.keyOf must be given for a key that is a ${typeof key}`);
}

// JSON has no empty text, so that one is free for undefined.
function toJson(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}

function fromJson(text: string): unknown {
  return text === "" ? undefined : JSON.parse(text);
}
