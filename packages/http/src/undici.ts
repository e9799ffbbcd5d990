export { resilience, type Resilience, type ResilienceOptions } from "./undici/resilience.ts";
export type { CarriesCall } from "./undici/dispatching.ts";
export type { ResponseHead } from "./undici/response-head.ts";
export type { Answer } from "./client/answer.ts";
export type {
  ClientBalancer,
  ClientBreakerOptions,
  ClientHedgeOptions,
  ClientLimiterOptions,
  ClientOptions,
  ClientRetryOptions,
  PickedEndpoint,
} from "./client/options.ts";
export type { ClientEvents, ClientStats } from "./client/client-log.ts";
