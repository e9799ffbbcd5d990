export { Pool } from "./pool.ts";
export type { Lease } from "./borrowing/lease.ts";
export type { AcquireOptions, CloseOptions, CreateContext, Factory, PoolOptions, PoolSize, SheddingOptions, UseOptions } from "./options.ts";
export type { PoolStats } from "./stats.ts";
export type { PoolHealth } from "./health.ts";
export type { CloseReport, DestroyReason, PoolEvents } from "./events.ts";
export {
  ForeignLeaseError,
  LeaseSettledError,
  PoolClosedError,
  PoolFactoryTimeoutError,
  PoolFullError,
  PoolOverloadedError,
  PoolTimeoutError,
  PoolUnavailableError,
  type FactoryStep,
  type PoolRejection,
  type PoolTimeoutReason,
} from "./errors.ts";

export { KeyedPool, type KeyedPoolEvents } from "./keyed/keyed-pool.ts";
export type { KeyedPoolStats } from "./keyed/stats.ts";
export type { KeyedPoolOptions } from "./keyed/options.ts";
