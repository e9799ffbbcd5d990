import { Health, strictThresholds, type HealthOptions, type HealthStatus } from "@breakwater/health";
import type { Life } from "./host.ts";
import { healthOfResources } from "./resources/resource-health.ts";
import type { Resource } from "./resources/resource.ts";
import type { ResourceGraph } from "./resources/resource-graph.ts";
import { contributionsOf, type Pattern } from "./view/patterns.ts";

export interface ServiceHealthParts {
  readonly given: Omit<HealthOptions, "clock" | "meter" | "name"> | undefined;
  readonly own: Pick<HealthOptions, "name" | "clock" | "meter">;
  readonly life: Life;
  readonly resources: readonly Resource[];
  readonly graph: ResourceGraph;
  readonly patterns: readonly (readonly [string, Pattern])[];
}

/**
 * The health of a service: its window, the checks and contributions that were given, and what resources and patterns say of
 * themselves. Its thresholds are the strict ones: what it answers is its own doing, and the rest is refused before.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function healthOf({ given = {}, own, life, resources, graph, patterns }: ServiceHealthParts): Health {
  const { degradedRatio = strictThresholds.degradedRatio, unhealthyRatio = strictThresholds.unhealthyRatio } = given;
  const ofResources = healthOfResources(resources, (name) => graph.isReady(name));
  const { checks = {}, contributions = {} } = given;
  for (const name of Object.keys(ofResources.checks)) {
    if (Object.hasOwn(checks, name)) throw new TypeError(`health.checks has "${name}", and so has a resource of this name`);
  }
  const ofParts = { ...contributionsOf(patterns), ...ofResources.contributions };
  if (Object.hasOwn(ofParts, "lifecycle")) throw new TypeError('"lifecycle" is what the service says of itself: no pattern or resource that has health can have this name');
  return new Health({
    ...given,
    degradedRatio,
    unhealthyRatio,
    checks: { ...ofResources.checks, ...checks },
    // Explicit ones last: they say how much each weighs.
    contributions: { lifecycle: { from: () => lifecycleOf(life), critical: true }, ...ofParts, ...contributions },
    ...own,
  });
}

/** Not ready before it runs, nor when its start has failed, whatever else is known. A stop says DRAINING itself. */
function lifecycleOf({ state }: Life): { readonly status: HealthStatus; readonly reason: string } {
  if (state === "new" || state === "starting") return { status: "UNKNOWN", reason: "the service has not started" };
  return { status: state === "stopped" ? "UNHEALTHY" : "HEALTHY", reason: `the service is ${state}` };
}
