import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { DestroyReason } from "../events.ts";
import type { CreateTask } from "../factory/create-task.ts";

/**
 * One place of the pool's `max`, from before the factory is called until its resource's destroy has settled.
 *
 *     creating --> busy --> resetting --> idle <--> validating --> busy
 *        |           \          |          |            |
 *        v            \         |          |            |
 *     overdue          `--------+----------+------------+--> destroying --> gone
 *
 * Resources are told apart by their slot, never by identity or truth, so they may be falsy, primitive, or the same one
 * twice. A slot is used for one resource only: whatever settles late finds another state, mostly `gone`, and is dropped.
 *
 * `overdue` is a create that timed out and still runs: nobody hopes for it, but it holds its place, because a factory
 * that ignores the abort goes on opening a connection.
 */
export type SlotState = "creating" | "overdue" | "idle" | "validating" | "resetting" | "busy" | "destroying" | "gone";

/** Whom a slot and its lease report to. */
export interface SlotKeeper<R> {
  readonly name: string | undefined;
  /** Its borrower returned it. */
  returned(slot: Slot<R>): void;
  /** Its borrower gave it up as broken. */
  broken(slot: Slot<R>, error: unknown): void;
  /** What is being done with it takes too long. */
  expired(slot: Slot<R>): void;
}

export class Slot<R> implements Expiring {
  readonly keeper: SlotKeeper<R>;
  state: SlotState = "creating";
  /** Set by the create that succeeds; only `creating`, `overdue` and a slot that never had one lack it. */
  resource!: R;
  /** The number of the present loan, or of the next: what a lease of another number says is stale. */
  loan = 0;
  /** Set while `creating` and `overdue`. */
  task: CreateTask | undefined = undefined;
  /** Why it must not be lent again. Set while somebody or something has it; an idle one goes at once. */
  doom: DestroyReason | undefined = undefined;
  /** What its borrower, or the resource itself, said of its breaking. */
  fault: unknown = undefined;
  /** The sweep during which it became idle; see Idle. */
  idleSweep = 0;
  uses = 0;
  /** When it was last known to be good. Kept only where somebody validates. */
  provenAt = 0;
  /** The end of its lifetime. */
  diesAt: number = Number.POSITIVE_INFINITY;
  /** It is validated for its own sake, not for a waiter's. */
  isTested = false;
  /** When it was lent, or its create began. Kept only when somebody measures. */
  since = 0;
  /** Where it was acquired, kept only when leaks are looked for. */
  origin: string | undefined = undefined;
  isHousekeeping: boolean;
  deadlineAt: number;
  heapIndex: number;

  constructor(keeper: SlotKeeper<R>) {
    this.keeper = keeper;
    this.isHousekeeping = false;
    this.deadlineAt = Infinity;
    this.heapIndex = -1;
  }

  expire(): void {
    this.keeper.expired(this);
  }
}

/** Bounds what is being done with slots, on the pool's one timer. */
export class SlotWatch {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor(clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Replaces an earlier limit of the slot. */
  start(slot: Expiring & { deadlineAt: number; isHousekeeping: boolean }, timeoutMs: number, isHousekeeping = false): void {
    this.#deadlines.delete(slot);
    slot.isHousekeeping = isHousekeeping;
    slot.deadlineAt = timeoutMs === Infinity ? Infinity : this.#clock.now() + timeoutMs;
    if (timeoutMs < Infinity) this.#deadlines.add(slot);
  }

  stop(slot: Expiring): void {
    this.#deadlines.delete(slot);
  }
}
