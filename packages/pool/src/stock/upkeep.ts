import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { PoolSettings } from "../options.ts";
import type { Idle } from "./idle.ts";
import type { Slot } from "./slot.ts";

/** What is to be done about idle resources when their time comes. */
interface Care<R> {
  /** When this one is due, in the clock's ms. */
  readonly dueAt: (slot: Slot<R>) => number;
  readonly act: (slot: Slot<R>) => void;
  /** How many may be acted on at once. */
  readonly room: () => number;
}

/**
 * Care for what lies idle: one deadline, for the resource that is due first. It is housekeeping. When it fires, all that are due are
 * taken care of, and it is set for the next; a resource that is busy then is looked at when it comes back. So nobody is due and
 * passed over, as by a sample, and nobody pays a clock or a timer at each return.
 */
class IdleCare<R> implements Expiring {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #idle: Idle<R>;
  readonly #care: Care<R>;
  readonly isHousekeeping = true;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;
  /** Some are due that found no room. */
  #isBehind = false;

  constructor(clock: Clock, deadlines: Deadlines, idle: Idle<R>, care: Care<R>) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#idle = idle;
    this.#care = care;
  }

  /** It is idle now. */
  watch(slot: Slot<R>): void {
    const dueAt = this.#care.dueAt(slot);
    if (dueAt < (this.deadlineAt ?? Infinity)) this.#set(dueAt);
  }

  /** There is room again. */
  goOn(): void {
    if (this.#isBehind) this.expire();
  }

  stop(): void {
    this.#isBehind = false;
    this.#set(Infinity);
  }

  expire(): void {
    this.#set(Infinity);
    const now = this.#clock.now();
    for (const slot of this.#idle.all()) {
      if (this.#care.dueAt(slot) > now || this.#care.room() === 0) continue;
      // What was done about another one may have lent it meanwhile.
      if (this.#idle.remove(slot)) this.#care.act(slot);
    }
    let next = Infinity;
    for (const slot of this.#idle.all()) next = Math.min(next, this.#care.dueAt(slot));
    this.#isBehind = next <= now;
    if (next > now) this.#set(next);
  }

  #set(dueAt: number): void {
    this.#deadlines.delete(this);
    this.deadlineAt = dueAt === Infinity ? undefined : dueAt;
    if (dueAt < Infinity) this.#deadlines.add(this);
  }
}

export interface UpkeepOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly deadlines: Deadlines;
  readonly idle: Idle<R>;
  readonly retire: (slot: Slot<R>) => void;
  readonly test: (slot: Slot<R>) => void;
  /** How many are being tested. */
  readonly testing: () => number;
}

/** Lifetimes and keepalive tests of idle resources. Undefined where nobody asked for either. */
export class Upkeep<R> {
  readonly #cares: IdleCare<R>[] = [];

  constructor({ settings, deadlines, idle, retire, test, testing }: UpkeepOptions<R>) {
    const { clock, keepaliveMs, maxConnecting, maxLifetimeMs } = settings;
    const add = (care: Care<R>): void => void this.#cares.push(new IdleCare(clock, deadlines, idle, care));
    if (maxLifetimeMs < Infinity) add({ dueAt: (slot) => slot.diesAt, act: retire, room: () => Infinity });
    if (keepaliveMs < Infinity) {
      add({ dueAt: (slot) => slot.provenAt + keepaliveMs, act: test, room: () => maxConnecting - testing() });
    }
  }

  get isWanted(): boolean {
    return this.#cares.length > 0;
  }

  watch(slot: Slot<R>): void {
    for (const care of this.#cares) care.watch(slot);
  }

  /** A test has ended. */
  tested(): void {
    for (const care of this.#cares) care.goOn();
  }

  stop(): void {
    for (const care of this.#cares) care.stop();
  }
}
