import { WaitList, type Clock } from "@breakwater/core";
import type { LimiterRejectedError, LimiterRejectionReason } from "./errors.ts";
import type { AcquireOptions } from "./options.ts";
import { Permit, type PermitOwner } from "./permit.ts";

/**
 * A counting semaphore with a bounded line in front of it.
 *
 * A freed slot is handed over: `release` gives it to the oldest waiter before it returns, and a newcomer is let in only
 * when nobody waits, so nobody can overtake. The line is strict: a heavy caller at its head holds back the light ones
 * behind it, because letting those through would starve it for as long as they keep coming (as golang.org/x/sync's
 * semaphore argues). When the heavy one gives up, those that fit now go at once.
 *
 * `inUse` is the one truth. It rises before the work starts and falls when the permit comes back. A limit lowered at run
 * time leaves it above the limit for a while: nothing is taken from those who work, and nobody new goes until enough
 * have come back.
 *
 * Law: after every public method and callback, either nobody waits, or the oldest waiter does not fit.
 */
export interface SlotsOptions {
  readonly limit: number;
  readonly queueLimit: number;
  readonly queueTimeoutMs: number;
  readonly clock: Clock;
  /** Makes the error of a refusal, and tells the world about it. */
  readonly refuse: (reason: LimiterRejectionReason, weight: number) => LimiterRejectedError;
  /** Hears how long somebody waited, in ms. Left out when nobody measures: then the clock is not read for it. */
  readonly waited: ((ms: number) => void) | undefined;
}

interface Ask {
  readonly weight: number;
  /** What it means when the wait runs out of time. */
  readonly reason: "timeout" | "deadline";
  /** When the wait began; only known when somebody measures, or the wait is bounded. */
  readonly since: number;
}

export class Slots implements PermitOwner {
  readonly #options: SlotsOptions;
  readonly #waiters: WaitList<Permit, Ask>;
  readonly #idlers: (() => void)[] = [];
  limit: number;
  inUse = 0;
  granted = 0;
  isClosed = false;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.limit = options.limit;
    this.#waiters = new WaitList<Permit, Ask>({
      clock: options.clock,
      expired: ({ reason, weight }) => options.refuse(reason, weight),
      left: () => this.#serve(),
    });
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Takes the slots if they are free and nobody waits for them. */
  admit(weight: number): boolean {
    if (this.isClosed || this.#waiters.size > 0 || this.inUse + weight > this.limit) return false;
    this.inUse += weight;
    this.granted += 1;
    return true;
  }

  /**
   * Joins the line.
   *
   * @throws LimiterRejectedError when there is no point in it.
   */
  wait(weight: number, { signal, timeoutMs, deadlineAt = Infinity }: AcquireOptions): Promise<Permit> {
    const { clock, queueLimit, queueTimeoutMs, refuse, waited } = this.#options;
    if (this.isClosed) throw refuse("closed", weight);
    if (this.#isTooHeavy(weight)) throw refuse("too-heavy", weight);
    if (this.#waiters.size >= queueLimit) throw refuse("queue-full", weight);
    const waitMs = timeoutMs ?? queueTimeoutMs;
    const since = waitMs < Infinity || waited !== undefined ? clock.now() : 0;
    const timeoutAt = since + waitMs;
    const reason = timeoutAt <= deadlineAt ? "timeout" : "deadline";
    return this.#waiters.wait({ weight, reason, since }, { signal, deadlineAt: Math.min(timeoutAt, deadlineAt) });
  }

  /** Slots come back. A field, because every permit refers to it. */
  readonly give = (weight: number): void => {
    this.inUse -= weight;
    if (this.#waiters.size > 0) this.#serve();
    else if (this.#idlers.length > 0) this.#noticeIdle();
  };

  resize(limit: number): void {
    this.limit = limit;
    this.#serve();
  }

  close(): void {
    this.isClosed = true;
    for (let next = this.#waiters.next(); next !== undefined; next = this.#waiters.next()) {
      this.#waiters.refuse(this.#options.refuse("closed", next.ask.weight));
    }
    this.#noticeIdle();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve);
      this.#noticeIdle();
    });
  }

  // A limit of 0 is a pause: whoever waits, waits for the limit to rise, not for others to finish.
  #isTooHeavy(weight: number): boolean {
    return weight > this.limit && this.limit > 0;
  }

  #serve(): void {
    for (let next = this.#waiters.next(); next !== undefined; next = this.#waiters.next()) {
      const { weight, since } = next.ask;
      if (this.#isTooHeavy(weight)) {
        this.#waiters.refuse(this.#options.refuse("too-heavy", weight));
      } else {
        if (this.inUse + weight > this.limit) return;
        this.inUse += weight;
        this.granted += 1;
        this.#options.waited?.(this.#options.clock.now() - since);
        this.#waiters.grant(new Permit(this, weight));
      }
    }
    this.#noticeIdle();
  }

  #noticeIdle(): void {
    if (this.inUse > 0 || this.#waiters.size > 0) return;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}
