import { WaitLine, type Clock } from "@breakwater/core";
import type { Ask } from "./ask.ts";
import { Latch } from "./latch.ts";
import type { QueueRejectionReason } from "./measures.ts";
import type { QueueDiscipline } from "./queue/discipline.ts";
import { Weighed } from "./queue/weighed.ts";

/**
 * The semaphore: weighted permits and one line for them. It makes no errors, emits no events and follows no promises.
 *
 *     tryTake --- free, and nobody waits ---> in use --- give ---> free
 *     wait    ------> [next ... last]  --- wake, from the front, while it fits ---> in use
 *
 * The problem: whoever gives back a slot and merely says so lets a newcomer take it before the one who was woken runs
 * (cockatiel's bulkhead loses its queue that way), and letting light callers pass a heavy one that does not fit yet
 * starves the heavy one for ever.
 *
 * The idea, as in Go's x/sync semaphore: what is freed is *handed over*. `give` wakes from the front of the line in the
 * same turn, and counts the slot as in use before the waiter's code runs. The order is strict: while the head does not
 * fit, nobody behind it is served and no newcomer enters, so a heavy head blocks light ones behind it for as long as
 * the work in progress takes. Serving the light ones first was rejected: it needs an ageing rule to be fair. Who the
 * head is, the queue's discipline says; it may also give up the one whose turn has come, and name one to make room for.
 *
 * The invariant, true whenever control leaves this class: the head, if there is one, does not fit. So everything that
 * frees room, or changes who is the head, ends in `wake`: give, resize, a waiter that leaves by abort or timeout, and
 * one that joins where newcomers may come to stand first.
 *
 * A limit may fall below what is in use. That is a debt: nobody is stopped and nobody blocks, but nothing is granted
 * until enough has come back. A limit of 0 is a pause, under which nothing is too heavy; under any other limit a waiter
 * that can never fit is refused when it is first in line, rather than blocking everybody behind it.
 */
export interface SemaphoreOptions {
  readonly limit: number;
  readonly queue: QueueDiscipline;
  /** Whether somebody wants to know how much those in line weigh together. */
  readonly weighs: boolean;
  readonly clock: Clock;
  /** Makes the error of a waiter that is not served. The state is not committed yet: call nobody. */
  readonly refusal: (reason: QueueRejectionReason, ask: Ask) => unknown;
  /** A waiter was served. */
  readonly served: (ask: Ask) => void;
  /** Waiters may have been refused, and the state is committed: events may go out. */
  readonly woken: () => void;
  /** Nothing is in use any more, and nobody waits. */
  readonly emptied?: (() => void) | undefined;
}

export class Semaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue: QueueDiscipline;
  readonly #weighed: Weighed<Ask> | undefined;
  readonly #line: WaitLine<Ask>;
  readonly #emptied: (() => void) | undefined;
  #limit: number;
  #isClosed = false;
  /** Changes only in tryTake, serveHead and give. */
  #inUse = 0;
  #granted = 0;
  /** Set while somebody waits for idleness. */
  #idle: Latch | undefined = undefined;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#limit = options.limit;
    this.#queue = options.queue;
    this.#emptied = options.emptied;
    this.#weighed = options.weighs ? new Weighed(options.queue) : undefined;
    this.#line = new WaitLine<Ask>({
      clock: options.clock,
      queue: this.#weighed ?? options.queue,
      expired: (ask) => options.refusal(ask.endsBy, ask),
      left: () => this.wake(),
    });
  }

  get limit(): number {
    return this.#limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** How much those in line weigh together; 0 when nobody wanted to know. */
  get waitingWeight(): number {
    return this.#weighed?.weight ?? 0;
  }

  /** How often it was taken. */
  get granted(): number {
    return this.#granted;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether no wait would help. */
  isTooHeavy(weight: number): boolean {
    return weight > this.#limit && this.#limit > 0;
  }

  /** Takes what is free, unless somebody waits for it. */
  tryTake(weight: number): boolean {
    if (this.#line.size > 0) {
      // With room and a line, the head is too heavy for the room, or its time is over and its timer is late.
      if (this.fits(1)) this.wake();
      if (this.#line.size > 0) return false;
    }
    if (this.#isClosed || !this.fits(weight)) return false;
    this.#inUse += weight;
    this.#granted += 1;
    return true;
  }

  /** Whether that time has come. */
  isOver(deadlineAt: number | undefined): boolean {
    return this.#line.isOver(deadlineAt);
  }

  /** It joins the line. */
  join(ask: Ask): void {
    this.#line.join(ask);
    if (this.#queue.reorders) this.wake();
  }

  /**
   * Gives up one who waits, for the newcomer's sake. False when the newcomer is the one to give up. Afterwards there may be
   * room: the one who left may have been too heavy for it.
   */
  evictFor(newcomer: Ask): boolean {
    const victim = this.#queue.victim(newcomer);
    if (victim === undefined || !this.#refuse(victim, "evicted")) return false;
    this.wake();
    return true;
  }

  give(weight: number): void {
    this.#inUse -= weight;
    this.freed();
  }

  /** Whether there is room for that much more. */
  protected fits(weight: number): boolean {
    return this.#inUse + weight <= this.#limit;
  }

  /** There may be room for somebody. */
  protected freed(): void {
    if (this.#line.size > 0) this.wake();
    else if (this.#inUse === 0) this.#empty();
  }

  /** Serves all who fit, in order. */
  protected wake(): void {
    while (this.serveHead());
    this.woken();
  }

  /** The state is committed. */
  protected woken(): void {
    this.#emptyIfIdle();
    this.#options.woken();
  }

  protected limitTo(limit: number): void {
    this.#limit = limit;
  }

  /** The caller tells of the refusals that come of it, after the new limit. */
  resize(limit: number): void {
    this.#limit = limit;
    while (this.serveHead());
    this.#emptyIfIdle();
  }

  /**
   * Nothing is taken any more; whoever waits gets what `refusal` makes, unless its own signal is aborted. The caller tells
   * of the refusals.
   */
  close(refusal: () => unknown): void {
    this.#isClosed = true;
    for (let ask = this.#line.next(); ask !== undefined; ask = this.#line.next()) {
      this.#line.take(ask);
      ask.refuse(refusal());
    }
    this.#emptyIfIdle();
  }

  /** Resolves the next time that nothing is in use and nobody waits. */
  idle(): Promise<void> {
    this.#idle ??= new Latch();
    const { opened } = this.#idle;
    this.#emptyIfIdle();
    return opened;
  }

  #emptyIfIdle(): void {
    if (this.#inUse === 0 && this.#line.size === 0) this.#empty();
  }

  #empty(): void {
    if (this.#idle === undefined && this.#emptied === undefined) return;
    this.#idle?.open();
    this.#idle = undefined;
    this.#emptied?.();
  }

  /** False when there is no head, or it does not fit. */
  protected serveHead(): boolean {
    const ask = this.#line.next();
    if (ask === undefined) return false;
    if (this.isTooHeavy(ask.weight)) return this.#refuse(ask, "too-heavy");
    if (!this.fits(ask.weight)) return false;
    if (this.#givesUp(ask)) return this.#refuse(ask, "overloaded");
    this.#inUse += ask.weight;
    this.#granted += 1;
    this.#queue.served?.(ask);
    this.#line.take(ask);
    ask.serve();
    this.#options.served(ask);
    return true;
  }

  #refuse(ask: Ask, reason: QueueRejectionReason): boolean {
    if (!this.#line.take(ask)) return false;
    ask.refuse(this.#options.refusal(reason, ask));
    return true;
  }

  #givesUp(ask: Ask): boolean {
    return this.#queue.givesUp?.(ask, this.#options.clock.now()) === true;
  }
}
