import type { CheckOptions, Contribution, ContributionSource } from "@breakwater/health";
import type { Resource } from "./resource.ts";

/** What resources add to the options of the service's health. */
export interface ResourceHealth {
  readonly checks: Readonly<Record<string, CheckOptions>>;
  readonly contributions: Readonly<Record<string, ContributionSource>>;
}

/**
 * Parts of the service's health made of what the resources say of themselves. A check is not asked before its resource has
 * started, nor after its stop has begun: it fails at once then.
 *
 * @throws TypeError naming a resource whose `health` is none of these.
 */
export function healthOfResources(resources: readonly Resource[], isReady: (name: string) => boolean): ResourceHealth {
  const checks: (readonly [string, CheckOptions])[] = [];
  const contributions: (readonly [string, ContributionSource])[] = [];
  for (const resource of resources) {
    const { name, health } = resource;
    if (health === undefined) continue;
    if (isContribution(health)) contributions.push([name, () => readNow(resource)]);
    else checks.push([name, checkOf(resource, isReady)]);
  }
  // Not by assignment, which would take a resource called __proto__ for a prototype.
  return { checks: Object.fromEntries(checks), contributions: Object.fromEntries(contributions) };
}

function checkOf(resource: Resource, isReady: (name: string) => boolean): CheckOptions {
  const { name, health } = resource;
  const options = typeof health === "object" && "check" in health ? health : undefined;
  if (typeof health !== "function" && typeof options?.check !== "function") {
    throw new TypeError(`health of resource "${name}" must be a function, or have check or status, got ${typeof health}`);
  }
  const ask = (signal: AbortSignal): unknown => {
    if (!isReady(name)) throw new Error(`resource ${name} has not started`);
    // Called on the object itself, as start and stop are.
    if (options !== undefined) return options.check(signal);
    return typeof resource.health === "function" ? resource.health(signal) : undefined;
  };
  return { ...options, check: ask };
}

// A pattern answers with a new one each time, so it is read anew.
function readNow({ name, health }: Resource): Contribution {
  if (!isContribution(health)) throw new TypeError(`resource ${name} has no health any more`);
  return health;
}

// Asked as unknown, because JavaScript callers may pass anything.
function isContribution(health: unknown): health is Contribution {
  return typeof health === "object" && health !== null && "status" in health && !("check" in health);
}
