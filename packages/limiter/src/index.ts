export { ConcurrencyLimiter } from "./concurrency-limiter.ts";
export type { Limiter } from "./limiter.ts";
export type { Permit } from "./permit.ts";
export type { AcquireOptions, ConcurrencyLimiterOptions, LimiterOptions, RunOptions } from "./options.ts";
export type { LimiterStats } from "./stats.ts";
export type { LimiterHealth } from "./health.ts";
export type { LimiterEvents } from "./events.ts";
export { LimiterRejectedError, type LimiterRejectedErrorOptions, type LimiterRejectionReason } from "./errors.ts";

export { fifo } from "./queue/fifo.ts";
export { lifo } from "./queue/lifo.ts";
export { codel, type CodelOptions } from "./queue/codel.ts";
export { adaptiveLifo, type AdaptiveLifoOptions } from "./queue/adaptive-lifo.ts";
export { priority, type PriorityOptions } from "./queue/priority.ts";
export { fair, type FairOptions } from "./queue/fair.ts";
export type { QueueDiscipline, QueuePolicy } from "./queue/discipline.ts";
export type { Ask } from "./ask.ts";

export { AdaptiveLimiter, type AdaptiveLimiterOptions } from "./adaptive/adaptive-limiter.ts";
export { bandwidthDelay } from "./adaptive/bandwidth-delay.ts";
export { aimd, type AimdOptions } from "./adaptive/aimd.ts";
export { vegas } from "./adaptive/vegas.ts";
export { gradient2 } from "./adaptive/gradient2.ts";
export { gradient } from "./adaptive/gradient.ts";
export { windowed, type Formula, type Seen, type WindowedLimitOptions } from "./adaptive/windowed-limit.ts";
export type { LimitStrategy, Sample, StrategyPolicy } from "./adaptive/strategy.ts";

export {
  PartitionedLimiter,
  type PartitionOptions,
  type PartitionedLimiterOptions,
  type PartitionedLimiterStats,
} from "./partitions/partitioned-limiter.ts";
export type { Partition } from "./partitions/partition.ts";
export { KeyedLimiter, type KeyedLimiterOptions, type KeyedLimiterStats, type LimiterKey } from "./keyed/keyed-limiter.ts";

export {
  allOf,
  calendarWindow,
  fixedWindow,
  gcra,
  KeyedRateLimiter,
  parseRateLimitHeaders,
  RateLimiter,
  rateLimitHeaders,
  shared,
  slidingCounter,
  slidingLog,
  spacing,
  tokenBucket,
  union,
  warmUp,
  type Booking,
  type CalendarUnit,
  type CalendarWindowOptions,
  type Decision,
  type FixedWindowOptions,
  type GcraOptions,
  type HeadersLike,
  type HeaderSource,
  type KeyedRateLimiterOptions,
  type KeyedRateLimiterStats,
  type KeyOfRate,
  type RateAcquireOptions,
  type RateAlgorithm,
  type RateKey,
  type RateLimiterOptions,
  type RateLimiterStats,
  type RateLimitHeaders,
  type RateLimitHeadersOptions,
  type RateLimitReport,
  type RateState,
  type RateUnion,
  type RateWeight,
  type ReservableAlgorithm,
  type ReservableState,
  type Reservation,
  type ReserveOptions,
  type SpacingOptions,
  type TokenBucketOptions,
  type UnionMember,
  type WarmUpOptions,
  type WindowOptions,
} from "./rate-limits/index.ts";

export { Shedder, type ShedderEvents, type ShedderOptions, type ShedderStats } from "./overload/shedder.ts";
export {
  eventLoopDelay,
  eventLoopUtilization,
  type EventLoopDelayOptions,
  type EventLoopUtilizationOptions,
  type LoopTimes,
} from "./overload/event-loop.ts";
export { queueDelay, type QueueDelay, type QueueDelayOptions } from "./overload/queue-delay.ts";
export type { OverloadSignal } from "./overload/signal.ts";
export { PriorityCursor, type PriorityCursorOptions } from "./overload/priority-cursor.ts";
export { levels, type Levels, type LevelsOptions } from "./overload/level.ts";
export { UpstreamCursor, type UpstreamCursorOptions } from "./overload/upstream-cursor.ts";
