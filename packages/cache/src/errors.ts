import { RejectedError } from "@breakwater/core";

/** The call's deadline had passed before it came here; nothing was asked for it. Asking again with the same one does not help. */
export class CacheExpiredError extends RejectedError {
  declare readonly code: "ERR_CACHE_EXPIRED";
  declare readonly reason: "deadline";

  static {
    this.prototype.name = "CacheExpiredError";
  }

  /** @internal */
  constructor(source: string | undefined) {
    super("ERR_CACHE_EXPIRED", `${titleOf(source)}: the call's deadline had passed`, { reason: "deadline", source });
  }
}

/**
 * The call's deadline passed while it waited for the load. It is no refusal, for the load had been started; that goes on as long
 * as somebody else waits for it.
 */
export class CacheTimeoutError extends Error {
  readonly code = "ERR_CACHE_TIMEOUT" as const;
  readonly reason = "deadline" as const;
  /** The name of the cache. */
  readonly source: string | undefined;

  static {
    this.prototype.name = "CacheTimeoutError";
  }

  /** @internal */
  constructor(source: string | undefined) {
    super(`${titleOf(source)}: the call's deadline passed before the load ended`);
    this.source = source;
  }
}

function titleOf(source: string | undefined): string {
  return source === undefined ? "cache" : `cache ${source}`;
}

/** The second level did not answer in time. No call rejects with it: it comes with the event `secondLevelFailed`. */
export class SecondLevelTimeoutError extends Error {
  readonly code = "ERR_CACHE_SECOND_LEVEL_TIMEOUT" as const;
  /** The name of the cache. */
  readonly source: string | undefined;

  static {
    this.prototype.name = "SecondLevelTimeoutError";
  }

  /** @internal */
  constructor(source: string | undefined, operation: string, timeoutMs: number) {
    super(`${titleOf(source)}: the second level did not answer to ${operation} within ${timeoutMs} ms`);
    this.source = source;
  }
}
