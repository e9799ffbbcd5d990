import type { Clock, Timer } from "./clock.ts";
import { Heap, type HeapItem } from "./heap.ts";

/**
 * Many deadlines on one timer.
 *
 * A timer per waiter makes the contended path three to five times dearer. Here the deadlines stand in a binary heap,
 * earliest on top, and the one timer is set for the top. Waiters with equal timeouts arrive in heap order, so adding is
 * one comparison; each item knows its place in the heap, so leaving early is O(log n) with no search and leaves
 * nothing behind. The timer lives only while something waits: it is set with the first item and cancelled with the last.
 *
 * When the top leaves early the timer stays: it fires, finds nothing due, and is set again for the new top.
 *
 * Housekeeping may stand in the same heap: the timer keeps the process alive only while something else is in it.
 */
export interface Expiring extends HeapItem {
  /** In the clock's milliseconds. Fixed while the item is in; one without a deadline is not put in. */
  readonly deadlineAt: number | undefined;
  /** Nobody awaits it, so it alone keeps no process alive. Fixed while the item is in. Default false. */
  readonly isHousekeeping?: boolean | undefined;
  /** Called once its time has come, when it is out of the heap. */
  expire(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #heap = new Heap<Expiring>((one, other) => timeOf(one) < timeOf(other));
  #timer: Timer | undefined = undefined;
  #firesAt = Infinity;
  /** How many are in that somebody awaits. */
  #awaited = 0;
  #isTimerUnref = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Expiring): void {
    this.#heap.push(item);
    if (item.isHousekeeping !== true) this.#awaited += 1;
    if (timeOf(item) < this.#firesAt) this.#arm(timeOf(item));
    else if (this.#awaited === 1 && this.#isTimerUnref) this.#ref();
  }

  /** Does nothing when it is not in. */
  delete(item: Expiring): void {
    if (!this.#heap.remove(item)) return;
    if (item.isHousekeeping !== true) this.#awaited -= 1;
    if (this.#heap.size === 0) this.#disarm();
    else if (this.#awaited === 0) this.#unref();
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = this.#clock.setTimer(this.#fire, at - this.#clock.now());
    this.#isTimerUnref = false;
    if (this.#awaited === 0) this.#unref();
  }

  #ref(): void {
    if (this.#timer?.ref === undefined) {
      this.#arm(this.#firesAt);
    } else {
      this.#timer.ref();
      this.#isTimerUnref = false;
    }
  }

  #unref(): void {
    if (this.#isTimerUnref) return;
    this.#timer?.unref();
    this.#isTimerUnref = true;
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAt = Infinity;
    this.#isTimerUnref = false;
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#firesAt = Infinity;
    this.#isTimerUnref = false;
    const now = this.#clock.now();
    for (let top = this.#heap.peek(); top !== undefined && timeOf(top) <= now; top = this.#heap.peek()) {
      this.delete(top);
      top.expire();
    }
    const next = this.#heap.peek();
    if (next !== undefined && timeOf(next) < this.#firesAt) this.#arm(timeOf(next));
  };
}

function timeOf({ deadlineAt }: Expiring): number {
  return deadlineAt ?? Infinity;
}
