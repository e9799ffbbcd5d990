export { Pool } from "./pool.ts";
export type { Lease } from "./lease.ts";
export type { AcquireOptions, CloseOptions, CreateContext, Factory, PoolOptions } from "./options.ts";
export type { PoolStats } from "./stats.ts";
export type { DestroyReason, PoolEvents } from "./events.ts";
export {
  PoolClosedError,
  PoolFactoryTimeoutError,
  PoolFullError,
  PoolTimeoutError,
  type PoolRejection,
  type PoolTimeoutReason,
} from "./errors.ts";
