import { checkNumber } from "@breakwater/core";
import type { Host } from "./host.ts";

/*
 * How it works, and why.
 *
 * A call that stays in its zone is quicker and costs less, but a zone that has lost endpoints, or never had many, must not drown
 * in its own traffic. So the zone keeps as much of its traffic as it has healthy capacity for, and the rest goes to the others.
 *
 * What it must bear is its share of all traffic, times all capacity; what it can bear is its healthy capacity, 1.4 times over, as in
 * Envoy's priorities: with as much capacity as traffic, 72 % healthy keep all, 50 % keep 70 %, 25 % keep 35 %.
 *
 *     kept = min(1, overprovision * healthy weight of the zone / (trafficShare * weight of all))
 */

export interface ZoneOptions {
  /** The caller's own zone. */
  readonly own: string;
  /** With fewer endpoints than that zones do not matter: a whole number from 1. Default 6. */
  readonly minEndpoints?: number | undefined;
  /** How many times its capacity a zone may bear. From 1. Default 1.4. */
  readonly overprovision?: number | undefined;
  /** Which share of all traffic comes out of the own zone: above 0, to 1. Default: as if all zones sent the same. */
  readonly trafficShare?: number | undefined;
}

/** Divides endpoints into near and far. */
export class Zone {
  readonly #own: string;
  readonly #minEndpoints: number;
  readonly #overprovision: number;
  readonly #trafficShare: number | undefined;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ own, minEndpoints = 6, overprovision = 1.4, trafficShare }: ZoneOptions) {
    if (typeof own !== "string") throw new TypeError(`zone.own must be a string, got ${typeof own}`);
    this.#own = own;
    this.#minEndpoints = checkNumber("zone.minEndpoints", minEndpoints, { min: 1, integer: true });
    this.#overprovision = checkNumber("zone.overprovision", overprovision, { min: 1 });
    this.#trafficShare = trafficShare;
    if (trafficShare !== undefined) checkNumber("zone.trafficShare", trafficShare, { min: 1e-6, max: 1 });
  }

  isNear({ endpoint }: Host<unknown>): boolean {
    return endpoint.zone === this.#own;
  }

  /** Whether the zone is to be preferred at all. */
  applies(members: readonly Host<unknown>[]): boolean {
    return members.length >= this.#minEndpoints && members.some((host) => this.isNear(host));
  }

  /** The share of the calls that stays in the zone, from 0 to 1. */
  keptShare(members: readonly Host<unknown>[], available: readonly Host<unknown>[]): number {
    const near = available.filter((host) => this.isNear(host));
    if (near.length === available.length) return 1;
    const zones = new Set(members.map(({ endpoint }) => endpoint.zone)).size;
    const needed = (this.#trafficShare ?? 1 / zones) * weightOf(members);
    return Math.min(1, (this.#overprovision * weightOf(near)) / needed);
  }
}

function weightOf(hosts: readonly Host<unknown>[]): number {
  return hosts.reduce((sum, { weight }) => sum + weight, 0);
}
