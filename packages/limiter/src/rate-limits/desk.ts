import { Deadlines, Emitter, noopMeter, type Call, type Counter, type Work } from "@breakwater/core";
import { LimiterRejectedError, type LimiterRejectionReason } from "../errors.ts";
import type { LimiterEvents } from "../events.ts";
import { checkTimeout } from "../options.ts";
import { Permit, type PermitOwner } from "../permit.ts";
import type { RateAlgorithm } from "./algorithm.ts";
import type { Decision } from "./decision.ts";
import { readWeight, type RateAcquireOptions, type RateSettings, type RateWeight } from "./options.ts";
import { RateWaiter, type RateAsk, type Slot, type SlotHost } from "./slot.ts";
import { SteadyTime } from "./steady-time.ts";

type RateReason = Extract<LimiterRejectionReason, "rate" | "blocked" | "queue-full" | "timeout" | "deadline" | "too-heavy" | "closed" | "overloaded">;

const reasons: readonly RateReason[] = ["rate", "blocked", "queue-full", "timeout", "deadline", "too-heavy", "closed", "overloaded"];

/**
 * What is done at a slot, whosever it is: taken, waited for, refused, counted. A limiter has one slot, a keyed one has many;
 * both do it here.
 */
export class Desk {
  readonly time: SteadyTime;
  readonly events: Emitter<Pick<LimiterEvents, "rejected">> = new Emitter<Pick<LimiterEvents, "rejected">>();
  readonly host: SlotHost;
  readonly #settings: RateSettings;
  readonly #counters: ReadonlyMap<RateReason, Counter> | undefined;
  algorithm: RateAlgorithm;
  granted = 0;
  rejected = 0;
  isClosed = false;
  #closedBy: unknown = undefined;

  constructor(settings: RateSettings, algorithm: RateAlgorithm) {
    this.#settings = settings;
    this.algorithm = algorithm;
    this.time = new SteadyTime(settings.clock);
    this.host = {
      clock: settings.clock,
      time: this.time,
      deadlines: new Deadlines(settings.clock),
      expired: (waiter) => this.#make(waiter.endsBy, undefined),
      changed: () => undefined,
    };
    this.#counters = countersOf(settings);
  }

  /** Takes it now, or not at all. */
  tryAcquire(slot: Slot, owner: PermitOwner, weight: number): Permit | undefined {
    if (this.isClosed || !slot.tryTake(weight, this.time.now())) return undefined;
    this.granted += 1;
    return new Permit(owner, weight);
  }

  take(slot: Slot, weight: number): Decision {
    const now = this.time.now();
    const allowed = !this.isClosed && slot.tryTake(weight, now);
    if (allowed) this.granted += 1;
    else this.#countRefusal(slot, weight, now, slot.blockedUntil > now ? "blocked" : "rate");
    return this.#decision(slot, weight, now, allowed);
  }

  check(slot: Slot, weight: number): Decision {
    const now = this.time.now();
    return this.#decision(slot, weight, now, !this.isClosed && slot.waitMs(weight, now) === 0);
  }

  /** A permit, perhaps after a wait. */
  acquire(slot: Slot, owner: PermitOwner, options: RateAcquireOptions): Promise<Permit> {
    try {
      return this.#acquire(slot, owner, options);
    } catch (error) {
      return Promise.reject(error); // a wrong option, a refusal, or the signal's own reason
    }
  }

  #acquire(slot: Slot, owner: PermitOwner, options: RateAcquireOptions): Promise<Permit> {
    const weight = readWeight(options.weight);
    const timeoutMs = options.timeoutMs === undefined ? this.#settings.queueTimeoutMs : checkTimeout(options.timeoutMs);
    const { signal, deadlineAt = Infinity } = options;
    if (signal?.aborted === true) throw signal.reason;
    const since = this.#settings.clock.now();
    if (deadlineAt <= since) throw this.#refuse("deadline", undefined);
    if (this.isClosed) throw this.#refuse("closed", undefined, this.#closedBy);
    const now = this.time.now();
    if (slot.tryTake(weight, now)) return Promise.resolve(this.#grant(owner, weight));
    const endsBy = deadlineAt < since + timeoutMs ? "deadline" : "timeout";
    const ask: RateAsk = { weight, signal, endsAt: Math.min(since + timeoutMs, deadlineAt), endsBy };
    this.#turnAway(slot, ask, now, since);
    return new Promise((resolve, reject) => {
      slot.join(new RateWaiter(ask, () => resolve(this.#grant(owner, weight)), reject));
    });
  }

  /** Does the work when its turn has come. */
  run<T>(slot: Slot, owner: PermitOwner, work: Work<T>, call: Call, options: RateWeight | undefined): Promise<T> {
    try {
      const weight = readWeight(options?.weight);
      if (!this.isClosed && !this.#isTooLate(call) && slot.tryTake(weight, this.time.now())) {
        this.granted += 1;
        return this.#do(slot, work, call);
      }
    } catch (error) {
      return Promise.reject(error); // a wrong weight
    }
    return this.acquire(slot, owner, { ...options, ...(call.signal && { signal: call.signal }), deadlineAt: call.deadlineAt }).then(() => {
      if (!this.#isTooLate(call)) return this.#do(slot, work, call);
      this.ended(slot);
      slot.state.refund(options?.weight ?? 1, this.time.now());
      slot.wake();
      return Promise.reject(call.signal?.aborted === true ? call.signal.reason : this.#refuse("deadline", undefined));
    });
  }

  // Only where the end of the work matters is it waited for.
  #do<T>(slot: Slot, work: Work<T>, call: Call): Promise<T> {
    try {
      const result = Promise.resolve(work(call));
      return slot.state.ended === undefined ? result : result.finally(() => this.ended(slot));
    } catch (error) {
      this.ended(slot);
      return Promise.reject(error);
    }
  }

  /** Throws when waiting would be in vain, which is known now. */
  #turnAway(slot: Slot, { weight, endsAt, endsBy }: RateAsk, now: number, since: number): void {
    const waitMs = slot.waitMs(weight, now);
    if (waitMs === Infinity) throw this.#refuse("too-heavy", undefined);
    const known = slot.state.isBusy !== true;
    if (slot.waiting >= this.#settings.queueLimit) throw this.#refuseAt(slot, weight, now, this.#settings.queueLimit === 0 ? "rate" : "queue-full");
    if (known && since + waitMs > endsAt) throw this.#refuseAt(slot, weight, now, endsBy);
  }

  close(reason: unknown, slots: Iterable<Slot>): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#closedBy = reason;
    for (const slot of slots) slot.refuseAll(() => this.#refuse("closed", undefined, reason));
  }

  /** The work of a permit has ended. */
  ended(slot: Slot): void {
    if (slot.state.ended === undefined) return;
    slot.state.ended(this.time.now());
    slot.wake();
  }

  /** No slot can be had. */
  refuseKey(): LimiterRejectedError {
    return this.#refuse("overloaded", undefined);
  }

  #grant(owner: PermitOwner, weight: number): Permit {
    this.granted += 1;
    return new Permit(owner, weight);
  }

  #refuseAt(slot: Slot, weight: number, now: number, reason: RateReason): LimiterRejectedError {
    const retryAfterMs = slot.waitMs(weight, now);
    if (this.#settings.penalisesRefusals) slot.state.penalise(weight, now);
    return this.#refuse(slot.blockedUntil > now ? "blocked" : reason, retryAfterMs);
  }

  #countRefusal(slot: Slot, weight: number, now: number, reason: RateReason): void {
    if (this.#settings.penalisesRefusals) slot.state.penalise(weight, now);
    this.rejected += 1;
    this.#counters?.get(reason)?.add(1);
  }

  #refuse(reason: RateReason, retryAfterMs: number | undefined, cause?: unknown): LimiterRejectedError {
    const error = this.#make(reason, retryAfterMs, cause);
    if (this.events.has("rejected")) this.events.emit("rejected", { reason: error.reason, error });
    return error;
  }

  #make(reason: RateReason, retryAfterMs: number | undefined, cause?: unknown): LimiterRejectedError {
    const { name } = this.#settings;
    const { limit, windowMs } = this.algorithm;
    const again = retryAfterMs === undefined ? "" : `: try again in ${Math.ceil(retryAfterMs)} ms`;
    const message = `rate limiter${name === undefined ? "" : ` ${name}`} ${explanations[reason]} (${limit} in ${windowMs} ms)${again}`;
    this.rejected += 1;
    this.#counters?.get(reason)?.add(1);
    return new LimiterRejectedError(message, { reason, limit, source: name, retryAfterMs, cause });
  }

  #decision(slot: Slot, weight: number, now: number, allowed: boolean): Decision {
    const { limit, windowMs } = this.algorithm;
    const isBlocked = slot.blockedUntil > now;
    return {
      allowed,
      limit,
      windowMs,
      remaining: isBlocked ? 0 : slot.state.remaining(now),
      retryAfterMs: allowed ? 0 : this.isClosed ? Infinity : slot.waitMs(weight, now),
      resetAfterMs: Math.max(isBlocked ? slot.blockedUntil - now : 0, slot.state.resetAfterMs(now)),
    };
  }

  #isTooLate({ signal, deadlineAt }: Call): boolean {
    if (signal?.aborted === true) return true;
    return deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#settings.clock.now();
  }
}

const explanations: Readonly<Record<RateReason, string>> = {
  rate: "has nothing left",
  blocked: "is blocked",
  "queue-full": "has nothing left, and as many wait as may",
  timeout: "had nothing in time",
  deadline: "had nothing before the call's deadline",
  "too-heavy": "never has that much at once",
  closed: "is closed",
  overloaded: "has as many keys as it may, and none to spare",
};

function countersOf({ meter, name }: RateSettings): ReadonlyMap<RateReason, Counter> | undefined {
  if (meter === noopMeter) return undefined;
  const attributes = name === undefined ? {} : { name };
  const options = { description: "Calls that were not admitted", unit: "{call}" };
  return new Map(
    reasons.map((reason) => [reason, meter.counter("breakwater.limiter.rejections", { ...options, attributes: { ...attributes, reason } })]),
  );
}
