export { Cache } from "./cache.ts";
export type { CacheOptions, Load } from "./options.ts";
export type { CacheEvents } from "./events.ts";
export type { CacheLayer } from "./layer.ts";
export type { CacheStats } from "./stats.ts";
export type { Counts } from "./tally.ts";
export { CacheExpiredError, CacheTimeoutError, SecondLevelTimeoutError } from "./errors.ts";

export type { SecondLevelOptions } from "./second-level/options.ts";
export type { SecondLevelStore, StoredText } from "./second-level/store.ts";
