import type { Emitter } from "@breakwater/core";
import type { Ask } from "./ask.ts";
import { Closing } from "./closing.ts";
import { Deferred } from "./deferred.ts";
import { PoolClosedError, PoolFullError } from "./errors.ts";
import type { PoolEvents } from "./events.ts";
import { Idle } from "./idle.ts";
import { SlotLease, type Lease } from "./lease.ts";
import { Line } from "./line.ts";
import { measuresOf, type Measures } from "./measures.ts";
import type { PoolSettings } from "./options.ts";
import { Report } from "./report.ts";
import type { Slot } from "./slot.ts";
import type { PoolStats } from "./stats.ts";
import { Supply, type SupplyListener } from "./supply.ts";
import { survey } from "./survey.ts";
import type { Validator } from "./validator.ts";

/**
 * Supply and demand. How it works, and why.
 *
 * Slots supply, waiters demand, and they meet in two ways only. `#offer` gives a resource that has become free to the
 * oldest live waiter in the same turn, or lays it aside; so a newcomer cannot steal it, and no wake-up can be lost.
 * `#pump` runs after every change that is not a plain borrow or return, and acts until nothing is to be done: it takes
 * idle resources for waiters, then starts creates for those that no work in progress will serve.
 *
 * A create is started for the demand as a whole and its result goes to the oldest waiter, not to whoever caused it: a
 * resource that is returned in the meantime serves first, and then the create is surplus and its resource becomes idle.
 *
 *     acquire --> idle? ---------------------------> lease
 *                  | no                                ^
 *                  v             oldest live waiter    |
 *                waiters --------------------------> #offer <-- returned, created, validated
 *                  |                                   | nobody waits
 *                  `--> #pump --> create, validate     `--> idle
 *
 * Idle resources and waiters coexist only while `#pump` runs or enough checks and creates are in flight. User code is
 * called with the state committed, and may call the pool. `#pump` does not nest: many bad resources are a loop.
 */
export class Stock<R> implements SupplyListener<R> {
  readonly #settings: PoolSettings<R>;
  readonly #report: Report<R>;
  readonly #measures: Measures | undefined;
  readonly #supply: Supply<R>;
  readonly #idle: Idle<R>;
  readonly #line: Line<R>;
  readonly #validator: Validator<R> | undefined;
  #closing: Closing | undefined = undefined;
  #ready: Deferred | undefined = undefined;
  #isStarted = false;
  #isPumping = false;
  #reused = 0;

  constructor(settings: PoolSettings<R>, emitter: Emitter<PoolEvents<R>>) {
    const { clock, idleTimeoutMs, meter, min, name } = settings;
    this.#settings = settings;
    this.#measures = measuresOf(meter, name, () => this.stats);
    this.#report = new Report(emitter, clock, this.#measures);
    const supply = new Supply(settings, this.#report, this);
    this.#supply = supply;
    this.#validator = supply.validator;
    const left = (): void => this.#isAwaited ? undefined : supply.backoff.relax();
    this.#line = new Line({ settings, supply, measures: this.#measures, left });
    this.#idle = new Idle({
      clock,
      idleTimeoutMs,
      surplus: () => supply.existing - min,
      evict: (slot) => supply.retire(slot, "idle"),
    });
  }

  get stats(): PoolStats {
    return survey(this.#supply, this.#idle.size, this.#line, this.#reused);
  }

  /** An idle resource at once, or nothing. */
  take(): Lease<R> | undefined {
    const slot = this.#line.size === 0 ? this.#idle.pop() : undefined;
    if (slot === undefined) return undefined;
    return this.#validator === undefined ? this.#lendAtOnce(slot) : this.#takeValid(slot, this.#validator);
  }

  /** Why the next waiter may not join the line. */
  refusal(): PoolClosedError | PoolFullError | undefined {
    const { name, maxWaiting } = this.#settings;
    if (this.#closing !== undefined) return new PoolClosedError(name);
    const isRoom = maxWaiting === Infinity || this.#unserved - this.#idle.size - this.#supply.creatable < maxWaiting;
    return isRoom ? undefined : new PoolFullError(maxWaiting, name, this.#supply.backoff);
  }

  wait(ask: Ask): Promise<Lease<R>> {
    const lease = this.#line.wait(ask);
    this.#pump();
    return lease;
  }

  start(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new PoolClosedError(this.#settings.name));
    this.#isStarted = true;
    if (this.#supply.existing >= this.#settings.min) return Promise.resolve();
    this.#ready ??= new Deferred();
    const { promise } = this.#ready;
    this.#pump();
    return promise;
  }

  close(graceMs: number): Promise<void> {
    const closing = this.#closing ?? this.#beginClosing();
    closing.hasten(graceMs);
    this.changed();
    return closing.promise;
  }

  returned(slot: Slot<R>): void {
    if (this.#measures !== undefined) this.#report.used(slot);
    if (this.#closing !== undefined) this.#supply.retire(slot, "closed");
    else if (this.#line.size === 0) this.#idle.push(slot);
    else this.#reuse(slot);
  }

  broken(slot: Slot<R>): void {
    this.#report.used(slot);
    this.#supply.retire(slot, "broken");
  }

  expired(slot: Slot<R>): void {
    this.#supply.expired(slot, this.#closing !== undefined);
  }

  created(slot: Slot<R>, isLate: boolean): void {
    if (this.#closing !== undefined) this.#supply.retire(slot, "closed");
    else if (isLate && this.#line.size > 0) this.#reuse(slot);
    else this.#offer(slot, false);
    if (this.#supply.existing >= this.#settings.min) {
      this.#ready?.resolve();
      this.#ready = undefined;
    }
    this.changed();
  }

  createFailed(error: unknown): void {
    this.#line.refuse(error);
    const isHopeless = this.#supply.existing + this.#supply.creator.creating === 0;
    if (isHopeless) this.#line.refuseAll(error);
    this.#ready?.reject(error);
    this.#ready = undefined;
  }

  readonly valid = (slot: Slot<R>): void => this.#offer(slot, true);

  /** Something was freed, filled or is due: serve on, or end. */
  changed(): void {
    if (this.#closing === undefined) this.#pump();
    else if (this.#supply.slots.size === 0 && this.#closing.finish()) {
      this.#measures?.stop();
      this.#report.closed(this.#closing.revoked);
    }
  }

  /** Waiters for whom no work in progress will bring a resource; negative when there is more work than waiters. */
  get #unserved(): number {
    return this.#line.size - this.#supply.coming;
  }

  get #wantsCreate(): boolean {
    const { existing, creator } = this.#supply;
    return this.#unserved > 0 || (this.#isStarted && existing + creator.creating < this.#settings.min);
  }

  /** Whether somebody's promise depends on the next create. */
  get #isAwaited(): boolean {
    return this.#line.size > 0 || this.#ready !== undefined;
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#closing === undefined && this.#step());
    } finally {
      this.#isPumping = false;
    }
    if (this.#closing !== undefined || !this.#supply.isHeldBack) return;
    if (this.#wantsCreate) this.#supply.backoff.wake(this.#isAwaited);
  }

  /** Does one thing for the waiters or for `min`. False when there is none to do. */
  #step(): boolean {
    const slot = this.#unserved > 0 ? this.#idle.pop() : undefined;
    if (slot !== undefined) this.#reuse(slot);
    else if (this.#wantsCreate && this.#supply.creatable > 0) this.#supply.create();
    else return false;
    return true;
  }

  /** A resource that is free and was in use before. */
  #reuse(slot: Slot<R>): void {
    if (this.#validator === undefined) this.#offer(slot, true);
    else this.#validator.check(slot);
  }

  /** To the oldest live waiter, else to the idle ones. */
  #offer(slot: Slot<R>, isReused: boolean): void {
    const ask = this.#measures === undefined ? undefined : this.#line.next();
    if (this.#line.size === 0 || !this.#line.grant(this.#lend(slot))) {
      slot.lease = undefined;
      this.#idle.push(slot);
      return;
    }
    if (isReused) this.#reused += 1;
    if (ask !== undefined) this.#report.waited(ask.askedAt);
  }

  /** One that validate approves at once. With a validate that promises, the first check goes on for whoever comes. */
  #takeValid(first: Slot<R>, validator: Validator<R>): Lease<R> | undefined {
    for (let slot: Slot<R> | undefined = first; slot !== undefined; slot = this.#idle.pop()) {
      validator.check(slot);
      if (slot.state === "validating") return undefined;
      // Approved and laid aside, on top.
      if (slot.state === "idle" && this.#idle.pop() === slot) return this.#lendAtOnce(slot);
    }
    return undefined;
  }

  #lendAtOnce(slot: Slot<R>): Lease<R> {
    this.#reused += 1;
    if (this.#measures !== undefined) this.#measures.wait.record(0);
    return this.#lend(slot);
  }

  #lend(slot: Slot<R>): Lease<R> {
    const lease = new SlotLease(slot);
    slot.lease = lease;
    slot.state = "busy";
    if (this.#measures !== undefined) this.#report.begins(slot);
    return lease;
  }

  #beginClosing(): Closing {
    const { clock, name } = this.#settings;
    const closing = new Closing(clock, () => this.#supply.lent());
    const error = new PoolClosedError(name);
    this.#closing = closing;
    this.#line.refuseAll(error);
    this.#ready?.reject(error);
    for (const slot of this.#idle.drain()) this.#supply.retire(slot, "closed");
    this.#supply.abandon(error);
    return closing;
  }
}
