import { Fifo, WaitLine, Waiter, type Clock, type Deadlines, type Expiring } from "@breakwater/core";
import { Weighed } from "../queue/weighed.ts";
import type { RateState } from "./algorithm.ts";
import type { SteadyTime } from "./steady-time.ts";

/** Somebody who waits for a rate. */
export class RateWaiter extends Waiter {
  readonly weight: number;
  readonly endsBy: "timeout" | "deadline";
  readonly serve: () => void;
  readonly refuse: (error: unknown) => void;

  constructor(ask: RateAsk, serve: () => void, refuse: (error: unknown) => void) {
    super(ask.signal, ask.endsAt);
    this.weight = ask.weight;
    this.endsBy = ask.endsBy;
    this.serve = serve;
    this.refuse = refuse;
  }
}

export interface RateAsk {
  readonly weight: number;
  readonly signal: AbortSignal | undefined;
  /** In the clock's ms. */
  readonly endsAt: number;
  readonly endsBy: "timeout" | "deadline";
}

/** What the slots of one limiter have in common. */
export interface SlotHost {
  readonly clock: Clock;
  readonly time: SteadyTime;
  /** All slots wait on the one timer of these. */
  readonly deadlines: Deadlines;
  readonly expired: (waiter: RateWaiter) => unknown;
  /** Waiters may have been served or refused, and the state is committed. */
  readonly changed: () => void;
}

/**
 * One key: what is left for it, whether it is blocked, and who waits for it.
 *
 * The invariant, whenever control leaves: if somebody waits there is nothing for the first of them yet, and an alarm is set
 * for when there will be. So newcomers never come before those who wait, and nothing is booked that an abort would have to
 * give back.
 */
export class Slot {
  state: RateState;
  /** In steady time. */
  blockedUntil: number;
  readonly #host: SlotHost;
  #line: SlotLine | undefined = undefined;

  constructor(host: SlotHost, state: RateState) {
    this.#host = host;
    this.state = state;
    this.blockedUntil = -Infinity;
  }

  get waiting(): number {
    return this.#line?.size ?? 0;
  }

  /** Takes it, unless there is not enough, somebody waits for it, or the key is blocked. */
  tryTake(weight: number, now: number): boolean {
    if (this.#line !== undefined && this.#line.size > 0) {
      this.wake(); // the alarm may be late
      if (this.waiting > 0) return false;
    }
    return this.blockedUntil <= now && this.state.tryTake(weight, now);
  }

  /** How long until that much can be had, behind those who wait. */
  waitMs(weight: number, now: number): number {
    const blockedMs = Math.max(0, this.blockedUntil - now);
    return Math.max(blockedMs, this.state.waitMs(weight, now, this.#line?.weight ?? 0));
  }

  /** Nothing tells it from a new one. */
  isIdle(now: number): boolean {
    return this.blockedUntil <= now && this.waiting === 0 && this.state.isBusy !== true && this.state.resetAfterMs(now) <= 0;
  }

  join(waiter: RateWaiter): void {
    this.#line ??= new SlotLine(this, this.#host);
    this.#line.join(waiter);
  }

  /** There may be something for those who wait. */
  wake(): void {
    this.#line?.serve();
  }

  refuseAll(error: () => unknown): void {
    this.#line?.refuseAll(error);
  }
}

/** Those who wait for one slot, first come, first served. */
class SlotLine implements Expiring {
  readonly #slot: Slot;
  readonly #host: SlotHost;
  readonly #line: WaitLine<RateWaiter>;
  /** When to look again, in the clock's ms. */
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;
  readonly #queue = new Weighed<RateWaiter>(new Fifo<RateWaiter>());

  constructor(slot: Slot, host: SlotHost) {
    this.#slot = slot;
    this.#host = host;
    this.#line = new WaitLine<RateWaiter>({
      clock: host.clock,
      queue: this.#queue,
      deadlines: host.deadlines,
      expired: host.expired,
      left: () => this.serve(),
    });
  }

  get size(): number {
    return this.#queue.size;
  }

  /** What those who wait want together. */
  get weight(): number {
    return this.#queue.weight;
  }

  join(waiter: RateWaiter): void {
    this.#line.join(waiter);
    if (this.#line.size === 1) this.serve();
  }

  /** The alarm. */
  expire(): void {
    this.serve();
  }

  serve(): void {
    this.#host.deadlines.delete(this);
    const now = this.#host.time.now();
    for (let first = this.#line.next(); first !== undefined; first = this.#line.next()) {
      const { weight } = first;
      if (!this.#take(weight, now)) {
        this.#setAlarm(weight, now);
        break;
      }
      this.#line.take(first);
      first.serve();
    }
    this.#host.changed();
  }

  refuseAll(error: () => unknown): void {
    this.#host.deadlines.delete(this);
    for (let first = this.#line.next(); first !== undefined; first = this.#line.next()) {
      this.#line.take(first);
      first.refuse(error());
    }
  }

  #take(weight: number, now: number): boolean {
    return this.#slot.blockedUntil <= now && this.#slot.state.tryTake(weight, now);
  }

  #setAlarm(weight: number, now: number): void {
    const { state, blockedUntil } = this.#slot;
    if (state.isBusy === true) return; // the end of that work looks again
    const waitMs = Math.max(blockedUntil - now, state.waitMs(weight, now));
    this.deadlineAt = this.#host.clock.now() + waitMs;
    if (waitMs < Infinity) this.#host.deadlines.add(this);
  }
}
