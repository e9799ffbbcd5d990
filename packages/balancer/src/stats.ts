import type { Host } from "./host.ts";

/**
 * - `available`: it is chosen.
 * - `starting`: it is chosen, but less, while it is new or has just returned.
 * - `ejected`: it is not, unless in a panic.
 * - `standby`: it has weight 0, and others have more.
 * - `draining`: it was removed, and has calls in flight.
 */
export type EndpointState = "available" | "starting" | "ejected" | "standby" | "draining";

export interface EndpointStats {
  readonly key: string;
  readonly zone: string | undefined;
  readonly weight: number;
  readonly state: EndpointState;
  /** Picks that are not settled. */
  readonly pending: number;
  /** As the policy sees it: the higher, the later it is chosen. */
  readonly load: number;
  readonly picks: number;
  readonly successes: number;
  readonly failures: number;
  /** Cancelled and released ones. */
  readonly neutrals: number;
  readonly ejections: number;
}

export interface BalancerStats {
  readonly policy: string;
  /** In the order of joining, then those that drain. */
  readonly endpoints: readonly EndpointStats[];
  /** Of those with a weight. */
  readonly available: number;
  readonly ejected: number;
  readonly draining: number;
  readonly pending: number;
  readonly isPanicking: boolean;
  /** Picks that found no endpoint. */
  readonly rejections: number;
}

export function stateOf(host: Host<unknown>, now: number): EndpointState {
  if (!host.isListed) return "draining";
  if (host.conduct.ejectedUntil > now) return "ejected";
  if (!host.isMember) return "standby";
  return host.shareAt(now) < 1 ? "starting" : "available";
}

export function statsOf(host: Host<unknown>, load: number, now: number): EndpointStats {
  const { key, endpoint, pending, picks, successes, failures, neutrals, ejections } = host;
  const { zone, weight } = endpoint;
  return { key, zone, weight, state: stateOf(host, now), pending, load, picks, successes, failures, neutrals, ejections };
}
