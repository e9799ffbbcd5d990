export { stack } from "./stack.ts";
export { pipeline, type Pipeline } from "./pipeline.ts";

export {
  authentication,
  AuthenticationError,
  type AuthenticationFailure,
  type AuthenticationOptions,
  type NotVerified,
  type Verify,
} from "./authentication.ts";
export { logging, type Logger, type LoggingOptions } from "./logging.ts";
export { requestId, type RequestIdOptions } from "./request-id.ts";
export { staticTokens, timingSafeEqual } from "./static-tokens.ts";
