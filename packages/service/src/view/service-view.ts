import type { HealthReport } from "@breakwater/health";
import type { ServiceState } from "../host.ts";
import type { ResourceState } from "../resources/resource.ts";
import type { ResourceView } from "../resources/resource-graph.ts";
import type { PatternView } from "./patterns.ts";
import { plain, type Plain, type PlainObject } from "./plain.ts";

/** A resource, as it is shown. */
export interface ShownResource {
  readonly name: string;
  readonly state: ResourceState;
  readonly dependsOn: readonly string[];
  /** How long its start took; null before. */
  readonly startMs: number | null;
  /** Why it failed, or is stuck; null otherwise. */
  readonly error: Plain;
}

/**
 * A service at one moment: plain data, a new object each time, for a console, an endpoint or a log. In it Infinity is the text
 * "Infinity", and NaN is null.
 */
export interface ServiceView {
  readonly name: string;
  readonly state: ServiceState;
  /** How long it has been running; 0 while it is not. */
  readonly uptimeMs: number;
  readonly health: HealthReport;
  /** Counts: `succeeded`, `failed`, `neutral`, `refused`, `shed`, `inFlight`, `waiting`. */
  readonly requests: PlainObject;
  /** Of the last window, in seconds. Of a service with operations it stands with each of them. */
  readonly responseTimes?: PlainObject;
  readonly limiter: PlainObject;
  /** What the gate in front of admission says of itself; left out where there is none. */
  readonly shedding?: PlainObject;
  /** By name: counts, response times, and the limiter where there is one. Left out of a service with one operation. */
  readonly operations?: PlainObject;
  readonly resources: readonly ShownResource[];
  readonly patterns: Readonly<Record<string, PatternView>>;
}

export function shownResource({ name, state, dependsOn, startMs, error }: ResourceView): ShownResource {
  return { name, state, dependsOn, startMs: startMs ?? null, error: plain(error) };
}
