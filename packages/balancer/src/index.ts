export { Balancer, type EndpointWork } from "./balancer.ts";
export type { BalancerOptions } from "./options.ts";
export type { Endpoint, EndpointOptions } from "./endpoint.ts";
export type { Pick } from "./pick.ts";
export type { BalancerEvents } from "./events.ts";
export type { BalancerStats, EndpointState, EndpointStats } from "./stats.ts";
export type { BalancerHealth } from "./health.ts";
export type { Classify } from "./classify.ts";
export { NoEndpointError } from "./errors.ts";

export type { EjectionRule } from "./ejection/ejector.ts";
export type { EjectionOptions, FailureRatioOptions, SuccessRateOptions } from "./ejection/options.ts";
export type { SlowStartOptions } from "./slow-start.ts";
export type { ZoneOptions } from "./zone.ts";

export type { Candidate, Policy, PolicyContext, Selector, Strategy } from "./policies/policy.ts";
export { leastRequest, type LeastRequestOptions } from "./policies/least-request.ts";
export { peakEwma, type PeakEwmaOptions } from "./policies/peak-ewma.ts";
export { powerOfTwo } from "./policies/power-of-two.ts";
export { random } from "./policies/random.ts";
export { rendezvous, type RendezvousOptions } from "./policies/rendezvous.ts";
export { roundRobin } from "./policies/round-robin.ts";
export { smoothWeighted } from "./policies/smooth-weighted.ts";

export { prequal } from "./prequal/prequal.ts";
export type { PrequalOptions } from "./prequal/options.ts";
export { LoadProbe, type LoadAnswer, type LoadProbeOptions, type LoadVisit } from "./prequal/load-probe.ts";
