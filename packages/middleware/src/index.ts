export { stack } from "./stack.ts";
export { pipeline, type Pipeline } from "./pipeline.ts";
export type { Answering, Conversion } from "./layer-shapes.ts";
export { describe } from "./describe.ts";
export { perOperation, when, type ConditionalGuard } from "./conditional.ts";
export { onion, type Answer, type Next, type OnionFunction, type OnionLayer, type OnionOptions } from "./onion.ts";
export { NextError, type NextErrorReason } from "./errors.ts";
export { koa, type KoaContext, type KoaMiddleware } from "./koa.ts";

export {
  authentication,
  AuthenticationError,
  type AuthenticationFailure,
  type AuthenticationOptions,
  type NotVerified,
  type Verify,
} from "./authentication.ts";
export { logging, type FieldsLoggingOptions, type Logger, type LoggingOptions } from "./logging.ts";
export type { Redact } from "./request-fields.ts";
export { requestId, type RequestIdOptions } from "./request-id.ts";
export { staticTokens, timingSafeEqual } from "./static-tokens.ts";
export {
  formatTraceparent,
  parseTraceparent,
  traceContext,
  type TraceContext,
  type TraceContextOptions,
  type TraceHeader,
  type TraceHeaders,
} from "./trace-context.ts";
export { withTracestate } from "./tracestate.ts";
export type { FillRandom } from "./random-ids.ts";
export { validation, ValidationError, type Validation, type ValidationIssue, type ValidationOptions } from "./validation.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";

export { fallback, type FallbackLayer, type FallbackOptions, type FallbackStats } from "./fallback.ts";
export { coalescing, type CoalescingLayer, type CoalescingOptions, type CoalescingStats } from "./coalescing.ts";
export { CoalescingExpiredError, CoalescingTimeoutError } from "./coalescing-errors.ts";
export { loadShedding, type LoadSheddingLayer, type LoadSheddingOptions, type LoadSheddingStats } from "./load-shedding.ts";
export { ShedError, type ShedErrorOptions } from "./shed-error.ts";
export { timing, type TimingOptions } from "./timing.ts";
