import type { Snapshot } from "@breakwater/metrics";
import type { ServiceView } from "@breakwater/service";

/** The dependencies behind a service process that a breaker stands in front of; of Redis it is the one that its cache has. */
export type Guarded = "external-api" | "postgres" | "redis";
export type BreakerState = "open" | "half-open" | "closed";

/** What a service process tells its parent. */
export type ServiceMessage =
  | { readonly type: "listening"; readonly url: string; readonly adminUrl: string }
  | { readonly type: "breaker"; readonly name: Guarded; readonly to: BreakerState }
  | { readonly type: "stopped"; readonly error: string | undefined; readonly forced: readonly string[] };

/** What it answers to `/state` on its admin listener. */
export interface ServiceState {
  readonly service: ServiceView;
  readonly metrics: Snapshot;
  readonly logLines: number;
}

export type Tell = (message: ServiceMessage) => void;
