/** Over all keys at one moment. */
export interface KeyedPoolStats {
  /** Keys that have resources, or callers who wait for one. */
  readonly keys: number;
  /** How many of them are down. */
  readonly keysDown: number;
  /** Places taken of `maxTotal`. */
  readonly size: number;
  readonly idle: number;
  readonly busy: number;
  readonly waiting: number;
}
