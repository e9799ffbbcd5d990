import type { BalancerStats } from "./stats.ts";

/** In the words of `@breakwater/health`. */
export interface BalancerHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}

/** Some ejected: DEGRADED, the others do the work. None there, or so few that all are used: UNHEALTHY. */
export function healthOf({ available, ejected, isPanicking }: BalancerStats, name: string | undefined): BalancerHealth {
  const balancer = name === undefined ? "balancer" : `balancer ${name}`;
  const total = available + ejected;
  if (total === 0) return { status: "UNHEALTHY", reason: `${balancer} has no endpoint` };
  const counts = `${balancer} has ${available} of ${total} endpoints available`;
  if (isPanicking) return { status: "UNHEALTHY", reason: `${counts} and uses all` };
  return { status: ejected > 0 ? "DEGRADED" : "HEALTHY", reason: counts };
}
