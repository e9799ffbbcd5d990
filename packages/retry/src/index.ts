export { Retry, retry } from "./retry.ts";
export type { RetryIf, RetryOptions } from "./options.ts";
export type { RetryWork } from "./execution.ts";
export type { Ending, RetryContext, RetryEvents, RetryStats } from "./events.ts";
export { giveUpOf, type GiveUp, type GiveUpReason } from "./give-ups.ts";
export { retryAfterMs, type RetryAfterOptions } from "./retry-after.ts";

export type { Backoff, DelayOf } from "./backoff/backoff.ts";
export type { Jitter } from "./backoff/jitter.ts";
export { constant, type ConstantOptions } from "./backoff/constant.ts";
export { linear, type LinearOptions } from "./backoff/linear.ts";
export { exponential, type ExponentialOptions } from "./backoff/exponential.ts";
export { decorrelatedV2, type DecorrelatedV2Options } from "./backoff/decorrelated-v2.ts";

export type { Budget } from "./budget/budget.ts";
export { RetryBudget, type RetryBudgetOptions, type RetryBudgetStats } from "./budget/retry-budget.ts";

export { Hedge, hedge } from "./hedge/hedge.ts";
export type { HedgeOptions, MeasuredDelay } from "./hedge/options.ts";
export type { HedgeEvents, HedgeReason } from "./hedge/events.ts";
export type { HedgeStats } from "./hedge/stats.ts";
export { HedgeLostError, type HedgeLostReason } from "./hedge/errors.ts";
export { LatencyQuantile, latencyQuantile, type LatencyQuantileOptions } from "./hedge/latency-quantile.ts";
export { LatencyWindow } from "./hedge/latency-window.ts";
