/**
 * How the verdicts become one, and why in this order.
 *
 * Each part says one word: the error rate of the window, and each check. The whole is the worst of them, where worse
 * means "less reason to send traffic here":
 *
 *     HEALTHY < DEGRADED < UNKNOWN < UNHEALTHY
 *
 * UNKNOWN is worse than DEGRADED: a degraded service may still be sent traffic, one whose database never answered may
 * not, and a rising error rate must not make such a service look more ready than it was.
 *
 * Two parts speak with less weight. An optional check can only degrade, and only by failing. And a window without a
 * verdict says nothing as long as a critical check gave an answer: a service that gets traffic only when it is healthy,
 * and is healthy only after traffic, would never start. Without such a check nobody vouches, and the whole is UNKNOWN.
 */
export type HealthStatus = "HEALTHY" | "DEGRADED" | "UNHEALTHY" | "UNKNOWN";

/** What the aggregation reads of a check. */
export interface CheckVerdict {
  readonly critical: boolean;
  readonly status: HealthStatus;
}

const severities: Readonly<Record<HealthStatus, number>> = { HEALTHY: 0, DEGRADED: 1, UNKNOWN: 2, UNHEALTHY: 3 };

/** The worst of the window's verdict and the checks. */
export function statusOf(window: HealthStatus, checks: readonly CheckVerdict[]): HealthStatus {
  let worst: HealthStatus = isSilent(window, checks) ? "HEALTHY" : window;
  for (const check of checks) worst = worse(worst, contributionOf(check));
  return worst;
}

/** Whether the window has no verdict and a critical check that has one speaks for it. */
export function isSilent(window: HealthStatus, checks: readonly CheckVerdict[]): boolean {
  return window === "UNKNOWN" && checks.some((check) => check.critical && check.status !== "UNKNOWN");
}

/** What a check does to the whole. */
export function contributionOf({ critical, status }: CheckVerdict): HealthStatus {
  if (critical) return status;
  return status === "DEGRADED" || status === "UNHEALTHY" ? "DEGRADED" : "HEALTHY";
}

function worse(a: HealthStatus, b: HealthStatus): HealthStatus {
  return severities[b] > severities[a] ? b : a;
}
