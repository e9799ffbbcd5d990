import { Deadlines, type Emitter } from "@breakwater/core";
import type { SlotLease } from "../borrowing/lease.ts";
import { Line } from "../borrowing/line.ts";
import { Nesting } from "../borrowing/nested.ts";
import { Deferred } from "../deferred.ts";
import { PoolClosedError, type PoolRejection } from "../errors.ts";
import type { CloseReport, PoolEvents } from "../events.ts";
import type { Places } from "../keyed/places.ts";
import { measuresOf, type Measures } from "../measures.ts";
import { readSize, type AcquireOptions, type PoolSettings, type PoolSize } from "../options.ts";
import { Report } from "../report.ts";
import type { PoolStats } from "../stats.ts";
import { Closing } from "./closing.ts";
import { Exchange } from "./exchange.ts";
import { Fitness, isPlain } from "./fitness.ts";
import { Idle } from "./idle.ts";
import { Lender } from "./lender.ts";
import type { Slot } from "./slot.ts";
import { Supply, type SupplyListener } from "./supply.ts";
import { survey } from "./survey.ts";
import { Upkeep } from "./upkeep.ts";

/**
 * The pool without its promises' outsides: builds the parts, hears what becomes of each slot, and says what that means for the pool:
 * whom it goes to is {@link Exchange}'s to say, that it goes at all is said here. It begins, changes its size, is renewed and ends.
 */
export class Stock<R> implements SupplyListener<R> {
  readonly settings: PoolSettings<R>;
  readonly nesting: Nesting | undefined;
  readonly #report: Report<R>;
  readonly #measures: Measures | undefined;
  /** All that has to be done by a certain time, on one timer. */
  readonly deadlines: Deadlines;
  readonly #supply: Supply<R>;
  readonly #idle: Idle<R>;
  readonly #line: Line<R>;
  readonly #upkeep: Upkeep<R>;
  readonly #fitness: Fitness<R>;
  readonly #lender: Lender<R>;
  readonly #exchange: Exchange<R>;
  readonly #isPlain: boolean;
  readonly #places: Places | undefined;
  #closing: Closing | undefined = undefined;
  #ready: Deferred | undefined = undefined;

  constructor(settings: PoolSettings<R>, emitter: Emitter<PoolEvents<R>>, places: Places | undefined) {
    const { clock, detectNestedAcquire, idleTimeoutMs, meter, name, order, size } = settings;
    this.settings = settings;
    this.#places = places;
    const measures = (this.#measures = measuresOf(meter, name, size, () => this.stats));
    const report = (this.#report = new Report(settings, emitter, measures));
    const deadlines = (this.deadlines = new Deadlines(clock));
    const supply = (this.#supply = new Supply({ settings, report, deadlines, listener: this, places }));
    const left = (): void => this.#exchange.isAwaited ? undefined : supply.backoff.relax();
    const line = (this.#line = new Line({ settings, supply, deadlines, measures, left, emptied: () => this.#noteQuiet() }));
    const surplus = (): number => supply.existing - size.min;
    const evict = (slot: Slot<R>): void => supply.retire(slot, "idle");
    const idle = (this.#idle = new Idle({ clock, deadlines, idleTimeoutMs, order, surplus, evict }));
    const retire = (slot: Slot<R>): void => supply.retire(slot, "expired");
    const test = (slot: Slot<R>): void => this.#exchange.test(slot);
    const upkeep = (this.#upkeep = new Upkeep({ settings, deadlines, idle, retire, test, testing: () => supply.testing }));
    const fitness = (this.#fitness = new Fitness(settings));
    const lender = (this.#lender = new Lender(settings, supply.watch, report, measures));
    const nesting = (this.nesting = detectNestedAcquire ? new Nesting() : undefined);
    this.#exchange = new Exchange({ settings, supply, idle, line, upkeep, fitness, lender, report, nesting, places });
    this.#isPlain = isPlain(settings) && measures === undefined && places === undefined;
    this.#noteQuiet();
  }

  get name(): string | undefined {
    return this.settings.name;
  }

  get stats(): PoolStats {
    return survey(this.#supply, this.#idle.size, this.#line, this.#lender.reused);
  }

  /** An idle resource at once, or nothing. */
  take(): SlotLease<R> | undefined {
    return this.#exchange.take();
  }

  /** Why the next waiter may not join the line. */
  refusal(): PoolRejection | undefined {
    return this.#closing === undefined ? this.#exchange.refusal() : new PoolClosedError(this.name);
  }

  wait(options: AcquireOptions): Promise<SlotLease<R>> {
    const lease = this.#exchange.wait(options);
    if (this.#line.size === 0) this.#noteQuiet(); // refused at once
    return lease;
  }

  start(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new PoolClosedError(this.name));
    this.#exchange.isStarted = true;
    if (this.#supply.existing >= this.settings.size.min) return Promise.resolve();
    this.#ready ??= new Deferred();
    this.#exchange.isStartAwaited = true;
    const { promise } = this.#ready;
    this.#exchange.pump();
    return promise;
  }

  resize(wanted: PoolSize): void {
    const { size } = this.settings;
    Object.assign(size, readSize(wanted, size));
    if (this.#closing !== undefined) return;
    // What is busy is over the new size until it comes back.
    while (this.#idle.size > size.maxIdle || (this.#supply.held > size.max && this.#idle.size > 0)) this.sparesOne();
    if (this.#supply.existing >= size.min) this.#settleReady();
    this.#idle.sweep();
    this.changed();
  }

  /** No resource that is there now is lent again. */
  clear(): void {
    // What is made while the others are destroyed is new.
    for (const slot of this.#supply.slots) if (slot.state !== "destroying" && slot.state !== "idle") slot.doom ??= "cleared";
    for (const slot of this.#idle.drain()) this.#supply.retire(slot, "cleared");
    this.changed();
  }

  /** Gives up an idle resource for somebody else's sake. False when there is none. */
  sparesOne(): boolean {
    const slot = this.#idle.popOldest();
    if (slot !== undefined) this.#supply.retire(slot, "surplus");
    return slot !== undefined;
  }

  close(graceMs: number): Promise<CloseReport> {
    const closing = this.#closing ?? this.#beginClosing();
    closing.hasten(graceMs);
    this.changed();
    return closing.promise;
  }

  returned(slot: Slot<R>): void {
    if (this.#exchange.isQuiet && slot.doom === undefined) this.#idle.push(slot);
    else this.#receive(slot);
  }

  broken(slot: Slot<R>, error: unknown): void {
    this.#lender.ended(slot);
    slot.fault = error;
    this.#supply.retire(slot, "broken");
  }

  expired(slot: Slot<R>): void {
    this.#supply.expired(slot, this.#closing !== undefined);
  }

  fell(slot: Slot<R>, error: unknown): void {
    const { state } = slot;
    if (state === "destroying" || state === "gone" || slot.doom === "broken") return;
    Object.assign(slot, { doom: "broken", fault: error });
    if (state === "idle") this.#idle.remove(slot);
    // One that never was of use is as good as a create that failed: the next one waits.
    if (slot.uses === 0 && state !== "creating" && state !== "overdue") this.#supply.backoff.failed(error);
    if (state === "idle" || state === "validating" || state === "resetting") this.#supply.retire(slot, "broken");
  }

  created(slot: Slot<R>, isLate: boolean): void {
    const { size } = this.settings;
    const doom = slot.doom ?? (this.#supply.slots.size > size.max ? "surplus" : undefined);
    if (this.#closing !== undefined) this.#supply.retire(slot, "closed");
    else if (doom !== undefined) this.#supply.retire(slot, doom);
    else if (isLate && this.#line.size > 0) this.#exchange.reuse(slot);
    else this.#exchange.offer(slot, false);
    if (this.#supply.existing >= size.min) this.#settleReady();
    this.changed();
  }

  createFailed(error: unknown): void {
    const { creator, existing } = this.#supply;
    // What is left, or is still coming, may serve those who wait. If nothing is, the one for whom it was tried hears why.
    if (existing + creator.creating === 0) {
      this.#line.refuse(error);
      this.#exchange.refuseAll();
    }
    this.#settleReady({ error });
  }

  validated(slot: Slot<R>): void {
    const doom = this.#closing === undefined ? slot.doom : "closed";
    if (doom === undefined) this.#exchange.offer(slot, true);
    else this.#supply.retire(slot, doom);
  }

  tested(): void {
    if (this.#closing === undefined) this.#upkeep.tested();
  }

  reset(slot: Slot<R>): void {
    const doom = this.#closing === undefined ? slot.doom : "closed";
    if (doom === undefined) this.#exchange.free(slot);
    else this.#supply.retire(slot, doom);
  }

  /** Something was freed, filled or is due: serve on, or end. */
  changed(): void {
    this.#noteQuiet();
    if (this.#closing === undefined) this.#exchange.pump();
    else if (this.#supply.slots.size === 0) this.#finish(this.#closing);
  }

  #receive(slot: Slot<R>): void {
    this.#lender.ended(slot);
    const doom = this.#closing === undefined ? this.#fitness.doomOf(slot, this.#supply.held) : "closed";
    if (doom !== undefined) this.#supply.retire(slot, doom);
    else if (this.#supply.resetter !== undefined) this.#supply.resetter.start(slot);
    else this.#exchange.free(slot);
  }

  #noteQuiet(): void {
    const { max, maxIdle } = this.settings.size;
    const isBounded = maxIdle < Infinity || this.#supply.slots.size > max;
    this.#exchange.isQuiet = this.#isPlain && this.#line.size === 0 && this.#closing === undefined && !isBounded;
  }

  /** The start has come to its end, well or not. */
  #settleReady(failure?: { readonly error: unknown }): void {
    if (failure === undefined) this.#ready?.resolve();
    else this.#ready?.reject(failure.error);
    this.#ready = undefined;
    this.#exchange.isStartAwaited = false;
  }

  #beginClosing(): Closing {
    const closing = new Closing(this.settings.clock, this.deadlines, this.#supply);
    this.#closing = closing;
    this.#exchange.isOpen = false;
    this.#places?.leave();
    this.#noteQuiet();
    this.#line.refuseAll(() => new PoolClosedError(this.name));
    const error = new PoolClosedError(this.name);
    this.#settleReady({ error });
    this.#upkeep.stop();
    for (const slot of this.#idle.drain()) this.#supply.retire(slot, "closed");
    this.#supply.abandon(error);
    return closing;
  }

  #finish(closing: Closing): void {
    const report = closing.finish();
    if (report === undefined) return;
    this.#measures?.stop();
    this.#report.closed(report);
  }
}
