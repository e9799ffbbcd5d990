export { Health, type HealthStats } from "./health.ts";
export type { HealthStatus } from "./status.ts";
export type { CheckReport, HealthReport } from "./report.ts";
export type { CheckOptions, HealthOptions } from "./options.ts";
export type { HealthChange, HealthEvents } from "./events.ts";
