export { injectLatency, type LatencyOptions } from "./latency.ts";
export type { Latency, LatencyRange } from "./latency-length.ts";
export { injectFault, type FaultOptions, type Thrown } from "./fault.ts";
export { injectOutcome, type OutcomeLayer, type OutcomeOptions } from "./outcome.ts";
export { injectBehavior, type BehaviorOptions } from "./behavior.ts";

export type { ChaosOptions } from "./options.ts";
export type { ChaosLayer, InputOf, Injector } from "./chaos-layer.ts";
export type { ChaosEvents, ChaosKind, Injection } from "./events.ts";
export type { ChaosStats } from "./trigger.ts";
export { ChaosSwitch } from "./chaos-switch.ts";
export { weighted, type Choice, type Weighted } from "./weighted.ts";
export { ChaosError } from "./errors.ts";
