import { noCall, noopMeter, type Call } from "@breakwater/core";
import type { Ask } from "./ask.ts";
import type { QueueRejectionReason } from "./measures.ts";
import { checkPriority, checkTimeout, checkWeight, type AcquireOptions, type Settings } from "./options.ts";
import type { QueueDiscipline } from "./queue/discipline.ts";
import type { RefusalDetails, Refusals } from "./refusals.ts";
import type { Semaphore } from "./semaphore.ts";

/** Where callers come in: at once, after a wait, or not at all. */
export class Entrance {
  readonly #settings: Settings;
  readonly #queue: QueueDiscipline;
  readonly #semaphore: Semaphore;
  readonly #refusals: Refusals;
  #closedBy: unknown = undefined;

  constructor(settings: Settings, queue: QueueDiscipline, semaphore: Semaphore, refusals: Refusals) {
    this.#settings = settings;
    this.#queue = queue;
    this.#semaphore = semaphore;
    this.#refusals = refusals;
  }

  /** Whether there is room now and nobody waits; then it is taken. */
  atOnce(weight: number, { signal, deadlineAt }: Call): boolean {
    return signal?.aborted !== true && !this.isPast(deadlineAt) && this.#semaphore.tryTake(weight);
  }

  /** Resolves once the weight is taken. */
  enter(weight: number, call: Call, options: AcquireOptions = noCall): Promise<unknown> {
    try {
      checkWeight(weight);
      if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
      return this.#enter(weight, call, options);
    } catch (error) {
      return Promise.reject(error); // a wrong option, or a function of the user's that threw
    }
  }

  #enter(weight: number, call: Call, options: AcquireOptions): Promise<unknown> {
    if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
    if (this.isPast(call.deadlineAt)) return this.refuse("deadline");
    if (this.#semaphore.tryTake(weight)) return Promise.resolve();
    if (this.#semaphore.isClosed) return this.refuse("closed", { cause: this.#closedBy });
    if (this.#semaphore.isTooHeavy(weight)) return this.refuse("too-heavy", { weight });
    const isFull = this.#isFull(weight);
    if (isFull && !this.#settings.evicts) return this.refuse("queue-full");
    const ask = this.#ask(weight, call, options);
    return isFull ? this.#evictFor(ask, call) : this.#wait(ask, call);
  }

  #wait(ask: Ask, { signal }: Call): Promise<unknown> {
    const admitted = this.#semaphore.wait(ask, signal);
    this.#refusals.announce();
    return admitted;
  }

  #evictFor(ask: Ask, call: Call): Promise<unknown> {
    while (this.#isFull(ask.weight)) if (!this.#semaphore.evictFor(ask)) return this.refuse("queue-full");
    return this.#semaphore.tryTake(ask.weight) ? Promise.resolve() : this.#wait(ask, call);
  }

  // The clock is read only if the wait has a time limit of its own, or somebody wants to know how long it was.
  #ask(weight: number, call: Call, options: AcquireOptions): Ask {
    const { queueTimeoutMs, meter, clock } = this.#settings;
    const timeoutMs = options.timeoutMs ?? queueTimeoutMs;
    const since = timeoutMs < Infinity || meter !== noopMeter || this.#queue.judgesByTime ? clock.now() : 0;
    const priority = checkPriority(options.priority ?? call.priority ?? 0);
    const key = options.key ?? this.#queue.keyOf?.(call);
    const { deadlineAt = Infinity } = call;
    const timeoutAt = since + timeoutMs;
    return deadlineAt < timeoutAt
      ? { weight, priority, key, since, timeoutMs, endsAt: deadlineAt, endsBy: "deadline" }
      : { weight, priority, key, since, timeoutMs, endsAt: timeoutAt, endsBy: "timeout" };
  }

  #isFull(weight: number): boolean {
    const { queueLimit, queueWeightLimit } = this.#settings;
    return this.#semaphore.waiting >= queueLimit || this.#semaphore.waitingWeight + weight > queueWeightLimit;
  }

  isPast(deadlineAt: number | undefined): boolean {
    return deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#settings.clock.now();
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
}
