import type { HealthJson, HealthJsonStatus } from "./health-json.ts";
import type { HealthStatus } from "./status.ts";

/** What a probe answers: all that an HTTP response needs. The body is plain data, for `JSON.stringify`. */
export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HealthJson;
}

// A cached 200 of an instance that has gone since is worse than a question that is cheap to answer.
const headers: Readonly<Record<string, string>> = Object.freeze({
  "content-type": "application/health+json",
  "cache-control": "no-store",
});

/** 503 for what fails. What only warns must stay in service, so it is a 200. */
export function probeAnswer(body: HealthJson): ProbeAnswer {
  return { status: httpStatuses[body.status], headers, body };
}

const httpStatuses: Readonly<Record<HealthJsonStatus, 200 | 503>> = { pass: 200, warn: 200, fail: 503 };

/** Whether an instance with this status has been able to serve. */
export function canServe(status: HealthStatus): boolean {
  return status === "HEALTHY" || status === "DEGRADED";
}

/** Alive unless the event loop stood still for longer than tolerated. `toleratedMs` of Infinity: not measured. */
export function livenessOf(delayMs: number, toleratedMs: number, wallNow: number): ProbeAnswer {
  if (toleratedMs === Infinity) return probeAnswer({ status: "pass" });
  const status = delayMs > toleratedMs ? "fail" : "pass";
  const check = { componentType: "system", observedValue: Math.round(delayMs), observedUnit: "ms", status } as const;
  return probeAnswer({ status, checks: { "eventLoop:delay": [{ ...check, time: new Date(wallNow).toISOString() }] } });
}
