import { Heap, type Timer } from "@breakwater/core";

/** Something that happens at a time. As a `Timer` it can be cancelled until it does. */
export class Event implements Timer {
  readonly timeMs: number;
  readonly callback: () => void;
  /** Breaks ties: made earlier, called earlier. */
  readonly order: number;
  heapIndex = -1;
  isUnref = false;
  readonly #queue: EventQueue;

  constructor(queue: EventQueue, timeMs: number, order: number, callback: () => void) {
    this.#queue = queue;
    this.timeMs = timeMs;
    this.order = order;
    this.callback = callback;
  }

  cancel(): void {
    this.#queue.remove(this);
  }

  unref(): void {
    this.#queue.unref(this);
  }
}

/** The future: by time, then by order of making. Adding and cancelling are O(log n). */
export class EventQueue {
  readonly #heap = new Heap<Event>(comesFirst);
  #made = 0;
  /** Events that would keep a process alive. */
  held = 0;

  peek(): Event | undefined {
    return this.#heap.peek();
  }

  /** An event that never comes is none: it can be cancelled and is not kept. */
  add(timeMs: number, callback: () => void): Event {
    const event = new Event(this, timeMs, (this.#made += 1), callback);
    if (timeMs === Infinity) return event;
    this.held += 1;
    this.#heap.push(event);
    return event;
  }

  remove(event: Event): void {
    if (this.#heap.remove(event) && !event.isUnref) this.held -= 1;
  }

  unref(event: Event): void {
    if (!event.isUnref && event.heapIndex >= 0) this.held -= 1;
    event.isUnref = true;
  }
}

function comesFirst(one: Event, other: Event): boolean {
  return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.order < other.order);
}
