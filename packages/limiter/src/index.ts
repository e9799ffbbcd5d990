export { ConcurrencyLimiter, type LimiterEvents, type LimiterStats } from "./concurrency-limiter.ts";
export { LimiterRejectedError, type LimiterRejectionReason } from "./errors.ts";
export type { AcquireOptions, ConcurrencyLimiterOptions, TryAcquireOptions } from "./options.ts";
export type { Permit } from "./permit.ts";
