import { Emitter, type Call, type Outcome } from "@breakwater/core";
import { Ejector, type EjectionRule } from "./ejection/ejector.ts";
import { readEndpoints, type EndpointOptions } from "./endpoint.ts";
import { NoEndpointError } from "./errors.ts";
import type { BalancerEvents } from "./events.ts";
import { Fleet } from "./fleet.ts";
import type { Host } from "./host.ts";
import { isMeasured, Measures } from "./measures.ts";
import type { Settings } from "./options.ts";
import { Pick, type Desk } from "./pick.ts";
import type { Strategy } from "./policies/policy.ts";
import { statsOf, type BalancerStats } from "./stats.ts";

/**
 * Picks and settles.
 *
 * The laws: `pending` goes up in `pick` and down once in `#leave`. Who may be chosen changes in `#turn`, `#eject`, `restore` and
 * `update` only, each of which rebuilds the fleet before anybody hears of it.
 */
export class Core<T> implements Desk<T> {
  readonly events: Emitter<BalancerEvents<T>> = new Emitter<BalancerEvents<T>>();
  readonly settings: Settings<T>;
  rejections = 0;
  readonly #strategy: Strategy;
  readonly #fleet: Fleet<T>;
  readonly #ejector: Ejector<T> | undefined;
  readonly #measures: Measures | undefined;
  /** Where nothing needs the time no clock is read; an ejection by hand begins to. */
  #readsClock: boolean;
  #turnAt: number = Number.POSITIVE_INFINITY;
  #wasPanicking = false;

  constructor(settings: Settings<T>) {
    const { policy, random, now, clock, slowStart, zone, panicRatio, ejection, meter, name } = settings;
    this.settings = settings;
    const after = (delayMs: number, callback: () => void): (() => void) => {
      const timer = clock.setTimer(callback, delayMs);
      timer.unref();
      return () => timer.cancel();
    };
    this.#strategy = policy.strategy({ now, after, random });
    this.#fleet = new Fleet<T>({ strategy: this.#strategy, slowStart, zone, panicRatio, random });
    this.#ejector = ejection === undefined ? undefined : new Ejector<T>(ejection, random, now());
    this.#measures = isMeasured(meter) ? new Measures(meter, name, () => this.stats) : undefined;
    this.#readsClock = policy.readsClock || slowStart !== undefined || ejection !== undefined || this.#measures !== undefined;
    this.#fleet.update(settings.endpoints, now());
    this.#settleTurn();
  }

  pick(call: Call): Pick<T> {
    const now = this.#time();
    if (now >= this.#turnAt) this.#turn(now);
    const isLongPoll = this.settings.isLongPoll?.(call) === true;
    const host = this.#fleet.choose(call, now);
    if (host === undefined) throw this.#refuse();
    host.picks += 1;
    host.pending += 1;
    if (isLongPoll) host.longPolls += 1;
    return new Pick(this, host, now, isLongPoll);
  }

  succeed(host: Host<T>, pickedAt: number, epoch: number, isLongPoll: boolean): void {
    const now = this.#leave(host, isLongPoll, "success", pickedAt);
    if (!isLongPoll) this.#strategy.succeeded?.(host, now - pickedAt, now);
    this.#ejector?.succeeded(host, epoch);
  }

  fail(host: Host<T>, pickedAt: number, epoch: number, isLongPoll: boolean, error: unknown): void {
    const now = this.#leave(host, isLongPoll, "failure", pickedAt);
    this.#strategy.failed?.(host, isLongPoll ? 0 : now - pickedAt, error, now);
    if (this.#ejector?.failed(host, epoch) === true) this.#condemn(host, "consecutive-failures", now);
  }

  cancel(host: Host<T>, pickedAt: number, isLongPoll: boolean): void {
    const now = this.#leave(host, isLongPoll, "neutral", pickedAt);
    if (!isLongPoll) this.#strategy.cancelled?.(host, now - pickedAt, now);
  }

  release(host: Host<T>, pickedAt: number, isLongPoll: boolean): void {
    this.#leave(host, isLongPoll, "neutral", pickedAt);
  }

  update(list: Iterable<EndpointOptions<T>>): void {
    const endpoints = readEndpoints(list);
    const { added, removed, drained } = this.#fleet.update(endpoints, this.#time());
    this.#settleTurn();
    for (const endpoint of removed) this.events.emit("removed", { endpoint });
    for (const endpoint of drained) this.events.emit("drained", { endpoint });
    for (const endpoint of added) this.events.emit("added", { endpoint });
    this.#tellPanic();
  }

  eject(key: string, ejectMs: number): boolean {
    const host = this.#fleet.get(key);
    if (host === undefined) return false;
    this.#readsClock = true;
    this.#eject(host, "manual", ejectMs, this.#time());
    return true;
  }

  restore(key: string): boolean {
    const host = this.#fleet.get(key);
    if (host?.conduct.isEjected !== true) return false;
    this.#fleet.takeBackOne(host, this.#time());
    this.#rebuild();
    this.events.emit("returned", { endpoint: host.endpoint });
    this.#tellPanic();
    return true;
  }

  get stats(): BalancerStats {
    const now = this.#time();
    const endpoints = Array.from(this.#fleet.all(), (host) => statsOf(host, this.#strategy.loadOf(host, now), now));
    const count = (...states: readonly string[]): number => endpoints.filter(({ state }) => states.includes(state)).length;
    const [available, ejected] = [count("available", "starting"), this.#fleet.members.filter(({ conduct }) => conduct.ejectedUntil > now).length];
    return {
      policy: this.settings.policy.name,
      endpoints,
      available,
      ejected,
      draining: count("draining"),
      pending: endpoints.reduce((sum, { pending }) => sum + pending, 0),
      isPanicking: this.#fleet.panicsWith(available, available + ejected),
      rejections: this.rejections,
    };
  }

  #time(): number {
    return this.#readsClock ? this.settings.now() : 0;
  }

  /** The call is no longer in flight, and counted before anybody hears of anything. Returns the time. */
  #leave(host: Host<T>, isLongPoll: boolean, outcome: Outcome, pickedAt: number): number {
    host.pending -= 1;
    if (outcome === "success") host.successes += 1;
    else if (outcome === "failure") host.failures += 1;
    else host.neutrals += 1;
    if (isLongPoll) host.longPolls -= 1;
    const now = this.#time();
    if (now >= this.#turnAt) this.#turn(now);
    this.#measures?.settled(outcome, now - pickedAt);
    if (!host.isListed && this.#fleet.forget(host)) this.events.emit("drained", { endpoint: host.endpoint });
    return now;
  }

  #refuse(): NoEndpointError {
    this.rejections += 1;
    this.#measures?.rejected();
    const error = new NoEndpointError(this.settings.name);
    if (this.events.has("rejected")) this.events.emit("rejected", { error });
    return error;
  }

  /** An ejection or an interval is over. */
  #turn(now: number): void {
    const returned = this.#fleet.takeBack(now);
    const condemned = this.#ejector !== undefined && now >= this.#ejector.intervalEndsAt ? this.#ejector.judge(this.#fleet.members, this.#fleet.all(), now) : [];
    this.#rebuild();
    for (const { endpoint } of returned) this.events.emit("returned", { endpoint });
    for (const { host, rule } of condemned) this.#condemn(host, rule, now);
    this.#tellPanic();
  }

  /** Ejects it, unless it is out already, or too many are. */
  #condemn(host: Host<T>, rule: EjectionRule, now: number): void {
    const { members, ejected } = this.#fleet;
    if (this.#ejector === undefined || !host.isMember || host.conduct.isEjected) return;
    if (this.#ejector.hasRoom(members.length, ejected)) this.#eject(host, rule, this.#ejector.sentence(host), now);
  }

  #eject(host: Host<T>, rule: EjectionRule, ejectMs: number, now: number): void {
    host.ejections += 1;
    this.#fleet.eject(host, now + ejectMs);
    this.#rebuild();
    this.#measures?.ejected(rule);
    if (this.events.has("ejected")) this.events.emit("ejected", { endpoint: host.endpoint, rule, ejectMs });
    this.#tellPanic();
  }

  #rebuild(): void {
    this.#fleet.rebuild();
    this.#settleTurn();
  }

  #settleTurn(): void {
    this.#turnAt = Math.min(this.#fleet.returnAt, this.#ejector?.intervalEndsAt ?? Infinity);
  }

  #tellPanic(): void {
    const { isPanicking, available, members } = this.#fleet;
    if (isPanicking === this.#wasPanicking) return;
    this.#wasPanicking = isPanicking;
    this.events.emit(isPanicking ? "panicked" : "calmed", { available, total: members.length });
  }
}

