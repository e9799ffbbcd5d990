export { createService, type ServiceBuilder } from "./create-service.ts";
export {
  type ServiceEvents,
  ServiceHost,
  type ServiceState,
  type ServiceStats,
  type StopReport,
} from "./service-host.ts";
export { outcomeOfRequest, type ServiceOptions, type StopOptions } from "./options.ts";
export { type Resource, type ResourceReport } from "./resource.ts";
export { type ReceivedCall, type ResponseTimes } from "./measured.ts";
export { ResourceTimeoutError, ServiceUnavailableError, type UnavailableReason } from "./errors.ts";
