export { createService, type ServiceBuilder } from "./create-service.ts";
export { type Host, type ServiceEvents, type ServiceState, type ServiceStats, type StartReport, type StopReport } from "./host.ts";
export { ServiceHost } from "./service-host.ts";
export { outcomeOfRequest, type ServiceOptions, type StopOptions } from "./options.ts";
export type { LimiterOption } from "./limiters.ts";
export type { SheddingOption } from "./shedding.ts";

export {
  operation,
  operationName,
  type Inside,
  type Operation,
  type OperationCall,
  type OperationMaker,
  type OperationOptions,
} from "./operations/operation.ts";
export type { InputOf, Operations, OutputOf } from "./operations/operations.ts";
export { OperationsHost, type OperationsStats, type OperationStats } from "./operations/operations-host.ts";

export type { Resource, ResourceReport, ResourceStartReport, ResourceState } from "./resources/resource.ts";
export type { Pattern, Patterns, PatternView } from "./view/patterns.ts";
export type { ServiceView, ShownResource } from "./view/service-view.ts";
export type { Plain, PlainObject } from "./view/plain.ts";
export type { OutcomeCounts, ReceivedCall, ResponseTimes } from "./measured.ts";
export { ResourceTimeoutError, ServiceUnavailableError, type UnavailableReason } from "./errors.ts";
