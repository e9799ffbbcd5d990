export interface CacheEvents<K, V> {
  /** A load ended, and what it answered was kept if that is to be kept. */
  loaded: { readonly key: K; readonly value: V; readonly durationMs: number; readonly isRefresh: boolean };
  /** A load failed. With `isRefresh` nobody waited for it when it began. */
  loadFailed: { readonly key: K; readonly error: unknown; readonly isRefresh: boolean };
  /** Callers got an old answer because the load failed with this error. */
  staleServed: { readonly key: K; readonly error: unknown; readonly callers: number };
  /** It went because the cache is full, or was not kept because it is larger than the whole cache. */
  evicted: { readonly key: K; readonly reason: "full" | "too-large" };
  /** The second level failed or was too slow, or what stands there cannot be read. No call noticed more than the bounded wait. */
  secondLevelFailed: { readonly operation: "get" | "set" | "delete"; readonly key: K; readonly error: unknown };
  /** It failed so often in a row that it is left alone for so long, and until it has answered again. */
  secondLevelPaused: { readonly pauseMs: number };
  /** It answered again. */
  secondLevelResumed: object;
}
