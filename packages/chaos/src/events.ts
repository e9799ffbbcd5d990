import type { Call } from "@breakwater/core";

export type ChaosKind = "latency" | "fault" | "outcome" | "behavior";

/** What was done to a call. */
export type Injection = {
  /** The name of the layer. */
  readonly name: string | undefined;
  readonly input: unknown;
  readonly call: Call;
} & (
  | { readonly kind: "latency"; readonly latencyMs: number }
  | { readonly kind: "fault"; readonly error: unknown }
  | { readonly kind: "outcome" | "behavior" }
);

export interface ChaosEvents {
  /** A call was touched: its latency begins, its fault is about to be thrown, its work was replaced, its behaviour begins. */
  readonly injected: Injection;
}
