export { resilientFetch, type ResilientFetch, type ResilientFetchOptions } from "./client/resilient-fetch.ts";
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
export type { FetchInput, ResilientInit } from "./client/outgoing.ts";
export type { ClientEvents, ClientStats } from "./client/client-log.ts";
