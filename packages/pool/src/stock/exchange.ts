import type { SlotLease } from "../borrowing/lease.ts";
import type { Line } from "../borrowing/line.ts";
import type { Nesting } from "../borrowing/nested.ts";
import { PoolFullError, PoolUnavailableError, type PoolRejection } from "../errors.ts";
import type { Places } from "../keyed/places.ts";
import type { AcquireOptions, PoolSettings } from "../options.ts";
import type { Report } from "../report.ts";
import type { Fitness } from "./fitness.ts";
import type { Idle } from "./idle.ts";
import type { Lender } from "./lender.ts";
import type { Slot } from "./slot.ts";
import type { Supply } from "./supply.ts";
import type { Upkeep } from "./upkeep.ts";

/**
 * Supply and demand. How it works, and why.
 *
 * Slots supply, waiters demand, and they meet in two ways only. `offer` gives a resource that has become free to the
 * live waiter whose turn it is, in the same turn, or lays it aside; so a newcomer cannot steal it, and no wake-up can be lost.
 * `pump` runs after every change that is not a plain borrow or return, and acts until nothing is to be done: it takes
 * idle resources for waiters, then starts creates for those that no work in progress will serve.
 *
 * A create is started for the demand as a whole and its result goes to whoever's turn it is, not to whoever caused it: a
 * resource that is returned in the meantime serves first, and then the create is surplus and its resource becomes idle. As few are
 * in flight at a time, most of a spike is served by what comes back, and the pool grows by what is really needed.
 *
 *     acquire --> idle? ---------------------------> lease
 *                  | no                                ^
 *                  v             next live waiter      |
 *                waiters --------------------------> offer <-- returned, reset, created, validated
 *                  |                                   | nobody waits
 *                  `--> pump --> create, validate      `--> idle
 *
 * While creating fails and nothing is left that could serve, the pool is *down*: waiters and newcomers are refused at once, but for
 * the one for whom the next create is tried when it is due.
 *
 * Idle resources and waiters coexist only while `pump` runs or enough checks and creates are in flight. User code is
 * called with the state committed, and may call the pool. `pump` does not nest: many bad resources are a loop.
 */
export interface ExchangeParts<R> {
  readonly settings: PoolSettings<R>;
  readonly supply: Supply<R>;
  readonly idle: Idle<R>;
  readonly line: Line<R>;
  readonly upkeep: Upkeep<R>;
  readonly fitness: Fitness<R>;
  readonly lender: Lender<R>;
  readonly report: Report<R>;
  /** Where callers who hold one already are looked for. */
  readonly nesting: Nesting | undefined;
  readonly places: Places | undefined;
}

export class Exchange<R> {
  /**
   * Nobody waits, and nothing has to be noted or done when a resource goes out or comes back: what is mostly so, in one field, so that a
   * loan takes few steps. It may be false without need, never true.
   */
  isQuiet = false;
  /** False once the pool closes. */
  isOpen = true;
  /** Whether `min` are kept. */
  isStarted = false;
  /** Whether somebody awaits that they are there. */
  isStartAwaited = false;
  readonly #parts: ExchangeParts<R>;
  readonly #supply: Supply<R>;
  readonly #idle: Idle<R>;
  readonly #line: Line<R>;
  #isPumping = false;

  constructor(parts: ExchangeParts<R>) {
    this.#parts = parts;
    this.#supply = parts.supply;
    this.#idle = parts.idle;
    this.#line = parts.line;
  }

  /** An idle resource at once, or nothing. */
  take(): SlotLease<R> | undefined {
    if (!this.isQuiet) return this.#line.size > 0 ? undefined : this.#takeGood();
    const slot = this.#idle.pop();
    return slot === undefined ? undefined : this.#parts.lender.lendPlainly(slot);
  }

  /** Why the next waiter may not join the line. */
  refusal(): PoolRejection | undefined {
    const { name, maxWaiting } = this.#parts.settings;
    const { backoff, creatable, isDown, room } = this.#supply;
    // The one who comes when a create is due is the one for whom it is tried.
    if (isDown && creatable === 0) return this.#unavailable();
    const spare = Math.min(backoff.isFailing ? creatable : room, this.#parts.places?.free ?? Infinity);
    const isRoom = maxWaiting === Infinity || this.#unserved - this.#idle.size - spare < maxWaiting;
    return isRoom ? undefined : new PoolFullError(maxWaiting, name, backoff);
  }

  wait(options: AcquireOptions): Promise<SlotLease<R>> {
    const { lender, nesting, report } = this.#parts;
    if (nesting !== undefined && nesting.held > 0 && this.#supply.room === 0) report.nested(nesting.held);
    this.isQuiet = false;
    const lease = this.#line.wait(options, lender.origin);
    this.pump();
    return lease;
  }

  /** It has come back and is in order. */
  free(slot: Slot<R>): void {
    const { fitness, places } = this.#parts;
    fitness.prove(slot);
    if (places?.isClaimed(this.#line.next()?.askedAt ?? Infinity) === true) this.#supply.retire(slot, "surplus");
    else if (this.#line.size > 0) this.reuse(slot);
    else this.#layAside(slot);
  }

  /** A resource that is free and was in use before, for somebody who waits. */
  reuse(slot: Slot<R>): void {
    const { fitness } = this.#parts;
    if (!fitness.isWary) this.offer(slot, true);
    else if (fitness.isExpired(slot)) this.#supply.retire(slot, "expired");
    else if (fitness.isProven(slot)) this.offer(slot, true);
    else this.#supply.validator?.start(slot);
  }

  /** To the waiter whose turn it is, else to the idle ones. */
  offer(slot: Slot<R>, isReused: boolean): void {
    const waiter = this.#line.size === 0 ? undefined : this.#line.serve();
    if (waiter === undefined) {
      this.#layAside(slot);
      return;
    }
    const { lender, report } = this.#parts;
    slot.isTested = false;
    if (isReused) lender.reused += 1;
    waiter.grant(lender.lend(slot, waiter.origin));
    report.waited(waiter.askedAt); // last: whoever listens may close the pool
  }

  /** An idle one, looked at for its own sake. */
  test(slot: Slot<R>): void {
    slot.isTested = true;
    this.#supply.testing += 1;
    this.#supply.validator?.start(slot);
  }

  /** Does what is to be done for the waiters and for `min`. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.isOpen && this.#step());
    } finally {
      this.#isPumping = false;
      this.#parts.places?.settle();
    }
    if (!this.isOpen || !this.#supply.isHeldBack) return;
    if (this.#supply.isDown) this.refuseAll();
    if (this.#wantsCreate) this.#supply.backoff.wake(this.isAwaited);
  }

  /** Whether somebody's promise depends on the next create. */
  get isAwaited(): boolean {
    return this.#line.size > 0 || this.isStartAwaited;
  }

  /** The pool is down: nobody is kept waiting for what cannot come. */
  refuseAll(): void {
    this.#line.refuseAll(() => this.#unavailable());
  }

  /** Waiters for whom no work in progress will bring a resource; negative when there is more work than waiters. */
  get #unserved(): number {
    return this.#line.size - this.#supply.coming;
  }

  get #wantsCreate(): boolean {
    const { existing, creator } = this.#supply;
    return this.#unserved > 0 || (this.isStarted && existing + creator.creating < this.#parts.settings.size.min);
  }

  #unavailable(): PoolUnavailableError {
    const { backoff, creator } = this.#supply;
    // While a create runs nobody knows when the next is due.
    const delayMs = creator.creating > 0 ? 0 : backoff.delayMs;
    return new PoolUnavailableError(this.#parts.settings.name, { delayMs, error: backoff.error });
  }

  /** Does one thing. False when there is none to do. */
  #step(): boolean {
    const slot = this.#unserved > 0 ? this.#idle.pop() : undefined;
    if (slot !== undefined) this.reuse(slot);
    else if (this.#wantsCreate && this.#supply.creatable > 0) return this.#supply.create();
    else return false;
    return true;
  }

  #layAside(slot: Slot<R>): void {
    const { places, settings, upkeep } = this.#parts;
    if (this.#idle.size >= settings.size.maxIdle) {
      this.#supply.retire(slot, "surplus");
      return;
    }
    if (slot.isTested) this.#idle.putBack(slot);
    else this.#idle.push(slot);
    slot.isTested = false;
    if (upkeep.isWanted) upkeep.watch(slot);
    places?.laidAside();
  }

  /** One that is young enough, and approved at once. With a validate that promises, the first check goes on for whoever comes. */
  #takeGood(): SlotLease<R> | undefined {
    const { fitness, lender } = this.#parts;
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) {
      if (fitness.isExpired(slot)) {
        this.#supply.retire(slot, "expired");
      } else if (fitness.isProven(slot)) {
        return lender.lendAtOnce(slot);
      } else {
        this.#supply.validator?.start(slot);
        if (slot.state === "validating") return undefined;
        // Approved and laid aside: it is taken out again.
        if (slot.state === "idle" && this.#idle.remove(slot)) return lender.lendAtOnce(slot);
      }
    }
    return undefined;
  }
}
