import { noopMeter, type Call } from "@breakwater/core";
import type { Ask, Terms } from "./ask.ts";
import type { QueueRejectionReason } from "./measures.ts";
import type { Settings } from "./options.ts";
import type { QueueDiscipline } from "./queue/discipline.ts";
import type { RefusalDetails, Refusals } from "./refusals.ts";
import type { Semaphore } from "./semaphore.ts";

/** Where callers come in: at once, after a wait, or not at all. */
export class Entrance {
  readonly terms: Terms;
  readonly #settings: Settings;
  readonly #semaphore: Semaphore;
  readonly #refusals: Refusals;
  #closedBy: unknown = undefined;

  constructor(settings: Settings, queue: QueueDiscipline, semaphore: Semaphore, refusals: Refusals) {
    const { clock, queueTimeoutMs, meter } = settings;
    this.terms = { clock, queue, queueTimeoutMs, isTimed: meter !== noopMeter || queue.judgesByTime };
    this.#settings = settings;
    this.#semaphore = semaphore;
    this.#refusals = refusals;
  }

  /** Whether there is room now and nobody waits; then it is taken. */
  atOnce(weight: number, { signal, deadlineAt }: Call): boolean {
    return signal?.aborted !== true && !this.#semaphore.isOver(deadlineAt) && this.#semaphore.tryTake(weight);
  }

  /** A rejection, for a call that has come too late or need not wait; otherwise undefined. */
  turnAway(weight: number, call: Call): Promise<never> | undefined {
    if (this.isTooLate(call)) return this.tooLate(call);
    if (this.#semaphore.isClosed) return this.refuse("closed", { cause: this.#closedBy });
    if (this.#semaphore.isTooHeavy(weight)) return this.refuse("too-heavy", { weight });
    return this.isFull(weight) && !this.#settings.evicts ? this.refuse("queue-full") : undefined;
  }

  /** It waits from now on, unless the queue is full of others that are no worse, or giving one up has made room. */
  join(ask: Ask): void {
    if (this.#semaphore.isOver(ask.deadlineAt)) ask.refuse(this.#refusals.of(ask, ask.endsBy));
    else if (!this.isFull(ask.weight)) this.#semaphore.join(ask);
    else if (!this.#makeRoom(ask)) ask.refuse(this.#refusals.make("queue-full"));
    // Making room tells listeners, and one of them may have closed the limiter.
    else if (this.#semaphore.isClosed) ask.refuse(this.#refusals.make("closed", { cause: this.#closedBy }));
    else if (this.#semaphore.tryTake(ask.weight)) ask.serve();
    else this.#semaphore.join(ask);
    this.#refusals.announce();
  }

  /** Whether no other of this weight may wait. */
  isFull(weight: number): boolean {
    const { queueLimit, queueWeightLimit } = this.#settings;
    return this.#semaphore.waiting >= queueLimit || this.#semaphore.waitingWeight + weight > queueWeightLimit;
  }

  isTooLate({ signal, deadlineAt }: Call): boolean {
    return signal?.aborted === true || this.#semaphore.isOver(deadlineAt);
  }

  /** The signal's own reason, or a refusal. */
  tooLate({ signal }: Call): Promise<never> {
    return signal?.aborted === true ? Promise.reject(signal.reason) : this.refuse("deadline");
  }

  refuse(reason: QueueRejectionReason, details: RefusalDetails = {}): Promise<never> {
    const error = this.#refusals.make(reason, details);
    this.#refusals.announce();
    return Promise.reject(error);
  }

  /** Refuses everybody from now on, and those who wait. */
  close(reason: unknown): void {
    this.#closedBy = reason;
    this.#semaphore.close(() => this.#refusals.make("closed", { cause: reason }));
    this.#refusals.announce();
  }

  #makeRoom(ask: Ask): boolean {
    while (this.isFull(ask.weight)) if (!this.#semaphore.evictFor(ask)) return false;
    return true;
  }
}
