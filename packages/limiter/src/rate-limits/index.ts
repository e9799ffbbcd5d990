export { RateLimiter, type RateLimiterStats } from "./rate-limiter.ts";
export type { Reservation } from "./desk.ts";
export { KeyedRateLimiter, type KeyedRateLimiterOptions, type KeyedRateLimiterStats, type RateKey } from "./keyed-rate-limiter.ts";
export type { RateAcquireOptions, RateLimiterOptions, RateWeight, ReserveOptions } from "./options.ts";
export type { Decision } from "./decision.ts";
export { union, type RateUnion, type UnionMember } from "./union.ts";
export type { KeyOfRate } from "./key-of-rate.ts";

export { gcra, type GcraOptions } from "./gcra.ts";
export { tokenBucket, type TokenBucketOptions } from "./token-bucket.ts";
export { slidingLog, type WindowOptions } from "./sliding-log.ts";
export { slidingCounter } from "./sliding-counter.ts";
export { fixedWindow, type FixedWindowOptions } from "./fixed-window.ts";
export { calendarWindow, type CalendarWindowOptions } from "./calendar-window.ts";
export type { CalendarUnit } from "./calendar.ts";
export { warmUp, type WarmUpOptions } from "./warm-up.ts";
export { spacing, type SpacingOptions } from "./spacing.ts";
export { allOf } from "./all-of.ts";
export { shared } from "./shared.ts";
export type { Booking, RateAlgorithm, RateState, ReservableAlgorithm, ReservableState } from "./algorithm.ts";

export { rateLimitHeaders, type RateLimitHeaders, type RateLimitHeadersOptions } from "./headers.ts";
export { parseRateLimitHeaders, type HeadersLike, type HeaderSource, type RateLimitReport } from "./parse-headers.ts";
