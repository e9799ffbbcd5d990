/**
 * What several processes share: a place for texts under keys, each with its time to live. `redisStore` of `@breakwater/cache/redis`
 * is one.
 *
 * What it rejects with or throws, and what takes it too long, costs a caller no more than the bounded wait. Its operations on one
 * key must take effect in the order of the calls, as those of one connection to Redis do; otherwise a `delete` could be overtaken by
 * the `set` before it.
 */
export interface SecondLevelStore {
  /** Undefined where there is nothing. */
  get(key: string): PromiseLike<StoredText | undefined>;
  /** @param ttlMs - above 0, with fractions; Infinity keeps it until it is replaced */
  set(key: string, text: string, ttlMs: number): PromiseLike<unknown>;
  delete(key: string): PromiseLike<unknown>;
}

export interface StoredText {
  readonly text: string;
  /**
   * How much of its time to live is left, in ms, by the store's own clock; Infinity where it has none. Never more than is left of the
   * `set` that this text came by.
   */
  readonly remainingMs: number;
}
