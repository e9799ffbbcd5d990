import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { CreateTask } from "./create-task.ts";

/**
 * One place of the pool's `max`, from before the factory is called until its resource's destroy has settled.
 *
 *     creating --> busy <--> idle <--> validating --> busy
 *        |           \         \           |
 *        v            \         \          v
 *     overdue          `-------> destroying --> gone
 *
 * Resources are told apart by their slot, never by identity or truth, so they may be falsy, primitive, or the same one
 * twice. A slot is used for one resource only: whatever settles late finds another state, mostly `gone`, and is dropped.
 *
 * `overdue` is a create that timed out and still runs: nobody hopes for it, but it holds its place, because a factory
 * that ignores the abort goes on opening a connection.
 */
export type SlotState = "creating" | "overdue" | "idle" | "validating" | "busy" | "destroying" | "gone";

/** Whom a slot and its lease report to. */
export interface SlotKeeper<R> {
  /** Its borrower returned it. */
  returned(slot: Slot<R>): void;
  /** Its borrower gave it up as broken. */
  broken(slot: Slot<R>): void;
  /** What is being done with it takes too long. */
  expired(slot: Slot<R>): void;
}

export class Slot<R> implements Expiring {
  readonly keeper: SlotKeeper<R>;
  state: SlotState = "creating";
  /** Set by the create that succeeds; only `creating`, `overdue` and a slot that never had one lack it. */
  resource!: R;
  /** The one lease that may still return it. Set exactly while `busy`. */
  lease: object | undefined = undefined;
  /** Set while `creating` and `overdue`. */
  task: CreateTask | undefined = undefined;
  /** The sweep during which it became idle; see Idle. */
  idleSweep = 0;
  /** When it was lent, or its create began. Kept only when somebody measures. */
  since = 0;
  deadlineAt: number;
  heapIndex: number;

  constructor(keeper: SlotKeeper<R>) {
    this.keeper = keeper;
    this.deadlineAt = Infinity;
    this.heapIndex = -1;
  }

  expire(): void {
    this.keeper.expired(this);
  }
}

/** Bounds what is being done with slots, all of them on one timer. */
export class SlotWatch {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor(clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Replaces an earlier limit of the slot. */
  start(slot: Expiring & { deadlineAt: number }, timeoutMs: number): void {
    this.#deadlines.delete(slot);
    slot.deadlineAt = timeoutMs === Infinity ? Infinity : this.#clock.now() + timeoutMs;
    if (timeoutMs < Infinity) this.#deadlines.add(slot);
  }

  stop(slot: Expiring): void {
    this.#deadlines.delete(slot);
  }
}
