export { ConcurrencyLimiter } from "./concurrency-limiter.ts";
export type { Permit } from "./permit.ts";
export type { AcquireOptions, ConcurrencyLimiterOptions, Weighted } from "./options.ts";
export type { LimiterStats } from "./stats.ts";
export type { LimiterEvents } from "./events.ts";
export { LimiterRejectedError, type LimiterRejectedErrorOptions, type LimiterRejectionReason } from "./errors.ts";
