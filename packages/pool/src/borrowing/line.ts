import { WaitLine, type Deadlines } from "@breakwater/core";
import { nameOf, PoolOverloadedError, PoolTimeoutError } from "../errors.ts";
import type { Measures } from "../measures.ts";
import type { AcquireOptions, PoolSettings } from "../options.ts";
import type { Supply } from "../stock/supply.ts";
import type { SlotLease } from "./lease.ts";
import { Patience } from "./patience.ts";
import { Shedder } from "./shedder.ts";
import { Turns } from "./turns.ts";
import { PoolWaiter } from "./waiter.ts";

/** Those who wait for a resource, and what they are told when none comes. */
export interface LineOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly supply: Supply<R>;
  readonly deadlines: Deadlines;
  readonly measures: Measures | undefined;
  /** One left by abort or timeout. */
  readonly left: () => void;
  /** Nobody waits any more. */
  readonly emptied: () => void;
}

export class Line<R> {
  readonly #options: LineOptions<R>;
  readonly #waiters: WaitLine<PoolWaiter<R>>;
  readonly #patience: Patience<R>;
  readonly #shedder: Shedder | undefined;
  timeouts = 0;
  shed = 0;

  constructor(options: LineOptions<R>) {
    const { settings, deadlines } = options;
    const { ageingMs, clock, shedding } = settings;
    this.#options = options;
    const turns = new Turns<R>(ageingMs);
    const expired = (waiter: PoolWaiter<R>): PoolTimeoutError => this.#timedOut(waiter);
    this.#waiters = new WaitLine({ clock, deadlines, queue: turns, expired, left: () => this.#left() });
    this.#patience = new Patience({ clock, deadlines, waiters: () => turns.plain(), sendAway: (waiter) => this.#sendAway(waiter) });
    this.#shedder = shedding && new Shedder({ ...shedding, clock, deadlines, head: () => this.next(), giveUpHead: () => this.#giveUpHead() });
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** The live waiter whose turn it is. Those that are aborted or out of time are sent away on the way. */
  next(): PoolWaiter<R> | undefined {
    const before = this.#waiters.size;
    let waiter = this.#waiters.next();
    for (; waiter !== undefined && this.#patience.isOver(waiter); waiter = this.#waiters.next()) this.#expire(waiter);
    if (this.#waiters.size < before) this.#left();
    return waiter;
  }

  /** `origin`: the stack of the acquire, where leaks are looked for. */
  wait(options: AcquireOptions, origin: string | undefined): Promise<SlotLease<R>> {
    const { acquireTimeoutMs, clock } = this.#options.settings;
    const now = clock.now();
    const { deadlineAt, priority, timeoutMs = acquireTimeoutMs } = options;
    const isUsual = timeoutMs === acquireTimeoutMs && deadlineAt === undefined && (priority === undefined || priority === 0);
    const endsAt = isUsual ? undefined : Math.min(deadlineAt ?? Infinity, now + timeoutMs);
    return new Promise((resolve, reject) => {
      const waiter = new PoolWaiter<R>(options, now, timeoutMs, endsAt, origin, resolve, reject);
      if ((endsAt ?? waiter.usualEndAt) <= now) reject(this.#timedOut(waiter));
      else this.#join(waiter);
    });
  }

  /** Takes out the one who gets what is free now; undefined when nobody waits. */
  serve(): PoolWaiter<R> | undefined {
    this.#shedder?.clear();
    const waiter = this.next();
    if (waiter !== undefined) this.#take(waiter);
    return waiter;
  }

  /** Ends the wait of whoever's turn it is with this error. False when nobody waits. */
  refuse(error: unknown): boolean {
    const waiter = this.next();
    if (waiter === undefined) return false;
    this.#take(waiter);
    waiter.refuse(error);
    return true;
  }

  /** Ends all waits, each with an error of its own. */
  refuseAll(makeError: () => unknown): void {
    while (this.next() !== undefined) this.refuse(makeError());
  }

  #join(waiter: PoolWaiter<R>): void {
    this.#waiters.join(waiter);
    this.#patience.joined(waiter);
    this.#shedder?.joined();
  }

  #take(waiter: PoolWaiter<R>): void {
    this.#waiters.take(waiter);
    this.#noteLeave();
  }

  #noteLeave(): void {
    if (this.#waiters.size > 0) return;
    this.#patience.emptied();
    this.#shedder?.emptied();
    this.#options.emptied();
  }

  /** Its time is over, and others may be servable now. */
  #sendAway(waiter: PoolWaiter<R>): void {
    this.#expire(waiter);
    this.#left();
  }

  #expire(waiter: PoolWaiter<R>): void {
    this.#take(waiter);
    waiter.refuse(this.#timedOut(waiter));
  }

  #left(): void {
    this.#noteLeave();
    this.#options.left();
  }

  #giveUpHead(): void {
    const waiter = this.next();
    if (waiter === undefined) return;
    const { settings, measures } = this.#options;
    this.shed += 1;
    measures?.shed.add(1);
    this.refuse(new PoolOverloadedError(settings.clock.now() - waiter.askedAt, settings.name));
  }

  #timedOut({ reason, timeoutMs }: PoolWaiter<R>): PoolTimeoutError {
    const { settings, supply, measures } = this.#options;
    const { name, size } = settings;
    this.timeouts += 1;
    measures?.timeouts.add(1);
    const limit = reason === "deadline" ? "by the call's deadline" : `within ${timeoutMs} ms`;
    const taken = `${supply.slots.size} of ${size.max} taken, ${this.size} waiting`;
    return new PoolTimeoutError(`${nameOf(name)}: no resource ${limit} (${taken})`, reason, name, supply.backoff.error);
  }
}
