import { Fifo, WaitLine, Waiter, type Expiring } from "@breakwater/core";
import type { Slot, SlotHost } from "./slot.ts";

export interface RateAsk {
  readonly weight: number;
  readonly signal: AbortSignal | undefined;
  /** In the clock's ms, as all below. */
  readonly endsAt: number;
  readonly endsBy: "timeout" | "deadline";
  readonly since: number;
}

/** Somebody who waits for a rate. */
export class RateWaiter extends Waiter {
  readonly weight: number;
  readonly endsBy: "timeout" | "deadline";
  readonly since: number;
  readonly serve: () => void;
  readonly refuse: (error: unknown) => void;

  constructor(ask: RateAsk, serve: () => void, refuse: (error: unknown) => void) {
    super(ask.signal, ask.endsAt);
    this.weight = ask.weight;
    this.endsBy = ask.endsBy;
    this.since = ask.since;
    this.serve = serve;
    this.refuse = refuse;
  }
}

/** Knows how much those in it want together. */
class WeighedFifo extends Fifo<RateWaiter> {
  weight = 0;

  override push(waiter: RateWaiter): void {
    super.push(waiter);
    this.weight += waiter.weight;
  }

  override remove(waiter: RateWaiter): boolean {
    const was = super.remove(waiter);
    if (was) this.weight -= waiter.weight;
    return was;
  }
}

/**
 * Those who wait for one slot, first come, first served.
 *
 * Nothing is taken for a waiter before its turn. One alarm is set, for the first of them; a waiter that leaves costs nothing,
 * and a change of the rate moves nobody's booking, because there is none. The alarm stands among the waiters' own
 * deadlines, all on one timer.
 */
export class SlotLine implements Expiring {
  readonly #slot: Slot;
  readonly #host: SlotHost;
  readonly #line: WaitLine<RateWaiter>;
  readonly #queue = new WeighedFifo();
  /** When to look again, in the clock's ms. */
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(slot: Slot, host: SlotHost) {
    this.#slot = slot;
    this.#host = host;
    this.#line = new WaitLine<RateWaiter>({
      clock: host.clock,
      queue: this.#queue,
      deadlines: host.deadlines,
      expired: (waiter) => host.tooLate(waiter, undefined),
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
    if (this.#line.size > 1) return;
    this.#host.busy(this.#slot);
    this.serve();
  }

  /** The alarm. */
  expire(): void {
    this.serve();
  }

  serve(): void {
    this.#host.deadlines.delete(this);
    const now = this.#host.time.now();
    for (let head = this.#line.next(); head !== undefined; head = this.#line.next()) {
      if (this.#slot.takeForHead(head.weight, now)) {
        this.#line.take(head);
        head.serve();
      } else if (!this.#refuses(head, now)) {
        break;
      }
    }
    this.#host.changed(this.#slot);
  }

  refuseAll(error: () => unknown): void {
    this.#host.deadlines.delete(this);
    for (let head = this.#line.next(); head !== undefined; head = this.#line.next()) {
      this.#line.take(head);
      head.refuse(error());
    }
    this.#host.changed(this.#slot);
  }

  /** Gives up one whose turn cannot come in time; for the others the alarm is set. */
  #refuses(head: RateWaiter, now: number): boolean {
    const waitMs = this.#slot.headWaitMs(head.weight, now);
    const { shown } = this.#host.time;
    if (waitMs < Infinity && shown + waitMs < (head.deadlineAt ?? Infinity)) {
      // The end of work in progress looks again by itself.
      if (this.#slot.state.isBusy !== true || this.#slot.isBlocked(now)) this.#setAlarm(shown, waitMs);
      return false;
    }
    this.#line.take(head);
    head.refuse(waitMs === Infinity ? this.#host.never(this.#slot, head) : this.#host.tooLate(head, waitMs));
    return true;
  }

  // Later than now, however large the clock's numbers are: otherwise it would go off again and again in this very moment.
  #setAlarm(shown: number, waitMs: number): void {
    this.deadlineAt = shown + Math.max(waitMs, Math.abs(shown) * Number.EPSILON);
    this.#host.deadlines.add(this);
  }
}
