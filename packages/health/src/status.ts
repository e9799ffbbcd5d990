/**
 * How the verdicts become one, and why in this order.
 *
 * Each part says one word: the error rate of the window, each check, and each contribution of a pattern. The whole is the
 * worst of them, where worse means "less reason to send traffic here":
 *
 *     HEALTHY < DEGRADED < UNKNOWN < UNHEALTHY
 *
 * UNKNOWN is worse than DEGRADED: a degraded service may still be sent traffic, one whose database never answered may
 * not, and a rising error rate must not make such a service look more ready than it was.
 *
 * Three parts speak with less weight. An optional part can only degrade, and only by saying something bad. A window
 * without a verdict says nothing as long as a critical check gave an answer: a service that gets traffic only when it is
 * healthy, and is healthy only after traffic, would never start. And a contribution never vouches so: a breaker that was
 * not used is closed. Without such a check nobody vouches, and the whole is UNKNOWN.
 *
 * DRAINING is no verdict but a decision, so no part can say it and it hides all of them.
 */
export type HealthStatus = "HEALTHY" | "DEGRADED" | "UNHEALTHY" | "UNKNOWN" | "DRAINING";

/** What the aggregation reads of a check or a contribution. */
export interface Verdict {
  readonly critical: boolean;
  /** Whether a good word of it stands for the whole while there is no traffic. */
  readonly vouches: boolean;
  readonly status: HealthStatus;
}

const severities: Readonly<Record<HealthStatus, number>> = { HEALTHY: 0, DEGRADED: 1, UNKNOWN: 2, UNHEALTHY: 3, DRAINING: 4 };

export function isStatus(value: unknown): value is HealthStatus {
  return typeof value === "string" && Object.hasOwn(severities, value);
}

/** The worst of the window's verdict and the parts. */
export function statusOf(window: HealthStatus, parts: readonly Verdict[]): HealthStatus {
  let worst: HealthStatus = isSilent(window, parts) ? "HEALTHY" : window;
  for (const part of parts) worst = worse(worst, weighed(part));
  return worst;
}

/** Whether the window has no verdict and a critical check that has one speaks for it. */
export function isSilent(window: HealthStatus, parts: readonly Verdict[]): boolean {
  return window === "UNKNOWN" && parts.some((part) => part.critical && part.vouches && part.status !== "UNKNOWN");
}

/** What a part does to the whole. */
export function weighed({ critical, status }: Verdict): HealthStatus {
  if (critical) return status;
  return status === "DEGRADED" || status === "UNHEALTHY" ? "DEGRADED" : "HEALTHY";
}

function worse(a: HealthStatus, b: HealthStatus): HealthStatus {
  return severities[b] > severities[a] ? b : a;
}
