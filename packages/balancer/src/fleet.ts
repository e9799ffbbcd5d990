import type { Call } from "@breakwater/core";
import type { Endpoint } from "./endpoint.ts";
import { Group } from "./group.ts";
import { Host } from "./host.ts";
import type { Strategy } from "./policies/policy.ts";
import type { SlowStart } from "./slow-start.ts";
import type { Zone } from "./zone.ts";

/*
 * How it works, and why.
 *
 * A pick must not look at all endpoints to find out who is in. So who may be chosen is worked out when something changes: an update,
 * an ejection, a return. A pick then draws from a list that is ready.
 *
 *     listed --> members: without those of weight 0, unless all are
 *                   |--> available: without the ejected
 *                           |--> near and far, by zone
 *
 * Panic: when less than `panicRatio` of the members are available, the few would drown in the traffic of all, and that so many are
 * bad says more about the judgement than about them. So all members are used, and zones do not matter.
 *
 * An update is a difference by key: who stays keeps all that is known, who goes takes no new calls and is forgotten with the end
 * of its last one. One that comes back before that is the same as before.
 */

export interface FleetRules {
  readonly strategy: Strategy;
  readonly slowStart: SlowStart | undefined;
  readonly zone: Zone | undefined;
  readonly panicRatio: number;
  readonly random: () => number;
}

export interface Update<T> {
  readonly added: readonly Endpoint<T>[];
  readonly removed: readonly Endpoint<T>[];
  /** Those of the removed that had nothing in flight. */
  readonly drained: readonly Endpoint<T>[];
}

export class Fleet<T> {
  readonly #rules: FleetRules;
  #listed = new Map<string, Host<T>>();
  readonly #draining = new Map<string, Host<T>>();
  readonly #near: Group<T>;
  readonly #far: Group<T>;
  #nearShare = 1;
  #joins = 0;
  members: readonly Host<T>[] = [];
  ejected = 0;
  isPanicking = false;
  /** When the next one returns. */
  returnAt: number = Number.POSITIVE_INFINITY;

  constructor(rules: FleetRules) {
    this.#rules = rules;
    this.#near = new Group(rules.strategy.selector());
    this.#far = new Group(rules.strategy.selector());
  }

  *all(): Generator<Host<T>> {
    yield* this.#listed.values();
    yield* this.#draining.values();
  }

  get(key: string): Host<T> | undefined {
    return this.#listed.get(key);
  }

  get available(): number {
    return this.members.length - this.ejected;
  }

  get draining(): number {
    return this.#draining.size;
  }

  choose(call: Call, now: number): Host<T> | undefined {
    if (this.#far.hosts.length === 0) return this.#near.choose(call, now);
    const group = this.#rules.random() < this.#nearShare ? this.#near : this.#far;
    return group.choose(call, now);
  }

  update(endpoints: readonly Endpoint<T>[], now: number): Update<T> {
    const gone = this.#listed;
    // Who is new among others begins slowly; where all are new there is nobody to spare it.
    const slowStart = gone.size === 0 ? undefined : this.#rules.slowStart;
    const stayed = new Set(endpoints.filter(({ key }) => gone.has(key)).map(({ key }) => key));
    this.#listed = new Map([...gone].filter(([key]) => stayed.has(key))); // in the order of joining
    const added = endpoints.filter((endpoint) => !this.#keep(endpoint));
    for (const endpoint of added) this.#join(endpoint, slowStart, now);
    const left = [...gone.values()].filter(({ key }) => !this.#listed.has(key));
    for (const host of left) this.#leave(host);
    this.rebuild();
    const drained = left.filter(({ pending }) => pending === 0);
    return { added, removed: left.map(endpointOf), drained: drained.map(endpointOf) };
  }

  #keep(endpoint: Endpoint<T>): boolean {
    const host = this.#listed.get(endpoint.key);
    if (host !== undefined) host.endpoint = endpoint;
    return host !== undefined;
  }

  #join(endpoint: Endpoint<T>, slowStart: SlowStart | undefined, now: number): void {
    const { key } = endpoint;
    const host = this.#draining.get(key) ?? new Host(endpoint, this.#rules.strategy.newState(key));
    this.#draining.delete(key);
    host.endpoint = endpoint;
    host.order = this.#joins;
    this.#joins += 1;
    host.isListed = true;
    host.startSlowly(slowStart, now);
    this.#listed.set(key, host);
  }

  #leave(host: Host<T>): void {
    host.isListed = false;
    host.isMember = false;
    if (host.pending > 0) this.#draining.set(host.key, host);
  }

  /** Its last call may have ended. True when it is forgotten now. */
  forget(host: Host<T>): boolean {
    return host.pending === 0 && this.#draining.delete(host.key);
  }

  eject({ conduct }: Host<T>, untilMs: number): void {
    conduct.ejectedUntil = untilMs;
    conduct.epoch += 1;
  }

  /** Takes back those whose time is over. */
  takeBack(now: number): readonly Host<T>[] {
    const due = [...this.#listed.values()].filter(({ conduct }) => conduct.isEjected && conduct.ejectedUntil <= now);
    for (const host of due) this.takeBackOne(host, now);
    return due;
  }

  takeBackOne(host: Host<T>, now: number): void {
    const { conduct } = host;
    conduct.ejectedUntil = -Infinity;
    conduct.epoch += 1;
    conduct.failuresInRow = 0;
    conduct.calls = 0;
    conduct.failures = 0;
    conduct.inSince = now;
    host.startSlowly(this.#rules.slowStart, now);
  }

  /** Whether so few of so many available are too few. */
  panicsWith(available: number, total: number): boolean {
    return available < total && (available === 0 || available < this.#rules.panicRatio * total);
  }

  /** Something has changed: works out anew who may be chosen. */
  rebuild(): void {
    const listed = [...this.#listed.values()];
    const isWeightless = listed.every(({ endpoint }) => endpoint.weight === 0);
    for (const host of listed) {
      host.isMember = isWeightless || host.endpoint.weight > 0;
      host.weight = isWeightless ? 1 : host.endpoint.weight;
    }
    this.members = listed.filter(({ isMember }) => isMember);
    const available = this.members.filter(({ conduct }) => !conduct.isEjected);
    this.ejected = this.members.length - available.length;
    this.returnAt = listed.reduce((first, { conduct }) => (conduct.isEjected ? Math.min(first, conduct.ejectedUntil) : first), Infinity);
    this.isPanicking = this.panicsWith(available.length, this.members.length);
    this.#divide(available);
  }

  #divide(available: readonly Host<T>[]): void {
    const { zone } = this.#rules;
    if (zone === undefined || this.isPanicking || !zone.applies(this.members)) {
      this.#near.changed(this.isPanicking ? this.members : available);
      this.#far.changed([]);
      return;
    }
    this.#near.changed(available.filter((host) => zone.isNear(host)));
    this.#nearShare = zone.keptShare(this.members, available);
    this.#far.changed(this.#nearShare === 1 ? [] : available.filter((host) => !zone.isNear(host)));
  }
}

function endpointOf<T>({ endpoint }: Host<T>): Endpoint<T> {
  return endpoint;
}
