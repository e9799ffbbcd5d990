export { Timeout, timeout } from "./timeout.ts";
export { Deadline, deadline } from "./deadline.ts";
export type { BoundOptions, DeadlineOptions, ExpectedMs, TimeoutMode, TimeoutOptions } from "./options.ts";
export type { DeadlineEvents, TimeoutEvents } from "./events.ts";
export type { DeadlineStats, TimeoutStats } from "./stats.ts";
export {
  DeadlineExceededError,
  TimeoutError,
  type DeadlineExceededErrorOptions,
  type DeadlineExceededReason,
  type TimeoutErrorOptions,
  type TimeoutReason,
} from "./errors.ts";

export { remainingMs, shrinkDeadline } from "./remaining.ts";
export { formatTimeoutHeader, readTimeoutHeader, type TimeoutFormat, type TimeoutHeaderOptions } from "./timeout-header.ts";
