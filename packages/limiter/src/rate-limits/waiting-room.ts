import type { Call, Work } from "@breakwater/core";
import { checkTimeout } from "../options.ts";
import type { Permit } from "../permit.ts";
import type { Desk } from "./desk.ts";
import { readWeight, type RateAcquireOptions, type RateWeight } from "./options.ts";
import type { RateReason } from "./rate-refusals.ts";
import type { Slot } from "./slot.ts";
import { RateWaiter, type RateAsk } from "./slot-line.ts";

/** Where callers come in who would rather wait than be refused: at once, after a wait, or not at all. */
export class WaitingRoom {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** A permit, perhaps after a wait. */
  acquire(slot: Slot, options: RateAcquireOptions, now: number): Promise<Permit> {
    try {
      const weight = readWeight(options.weight);
      const timeoutMs = options.timeoutMs === undefined ? this.#desk.settings.queueTimeoutMs : checkTimeout(options.timeoutMs);
      if (this.#isTooLate(options)) return this.#tooLate(options);
      const permit = this.#desk.tryAcquire(slot, weight, now);
      return permit === undefined ? this.#wait(slot, this.#ask(weight, timeoutMs, options), now) : Promise.resolve(permit);
    } catch (error) {
      return Promise.reject(error); // a wrong option
    }
  }

  /** Does the work when its turn has come. */
  run<T>(slot: Slot, work: Work<T>, call: Call, options: RateWeight | undefined, now: number): Promise<T> {
    let weight: number;
    try {
      weight = readWeight(options?.weight);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#isTooLate(call)) return this.#tooLate(call);
    if (this.#desk.isClosed || !slot.tryTake(weight, now)) return this.#runLater(slot, work, call, weight, now);
    this.#desk.granted += 1;
    return this.#do(slot, work, call);
  }

  async #runLater<T>(slot: Slot, work: Work<T>, call: Call, weight: number, now: number): Promise<T> {
    await this.#wait(slot, this.#ask(weight, this.#desk.settings.queueTimeoutMs, call), now);
    if (!this.#isTooLate(call)) return this.#do(slot, work, call);
    // Nothing was begun, so nothing was used.
    this.#desk.ended(slot, slot.state);
    this.#desk.refund(slot, weight);
    return this.#tooLate(call);
  }

  // Only where the end of the work matters is it waited for.
  #do<T>(slot: Slot, work: Work<T>, call: Call): Promise<T> {
    const { state } = slot;
    try {
      const result = Promise.resolve(work(call));
      return state.ended === undefined ? result : result.finally(() => this.#desk.ended(slot, state));
    } catch (error) {
      this.#desk.ended(slot, state);
      return Promise.reject(error);
    }
  }

  #ask(weight: number, timeoutMs: number, { signal, deadlineAt = Infinity }: Call): RateAsk {
    const since = this.#desk.time.shown;
    const endsBy = deadlineAt < since + timeoutMs ? "deadline" : "timeout";
    return { weight, signal, endsAt: Math.min(since + timeoutMs, deadlineAt), endsBy, since };
  }

  #wait(slot: Slot, ask: RateAsk, now: number): Promise<Permit> {
    const { weight } = ask;
    const waitMs = this.#desk.isClosed ? Infinity : slot.waitMs(weight, now);
    const reason = this.#whyNot(slot, ask, waitMs, now);
    if (reason !== undefined) {
      this.#desk.penaliseRefusal(slot, weight, now);
      return Promise.reject(this.#desk.refuse(reason, waitMs, reason === "closed" ? this.#desk.closedBy : undefined));
    }
    return new Promise((resolve, reject) => {
      const serve = (): void => {
        this.#desk.refusals.wait?.record((this.#desk.time.shown - ask.since) / 1000);
        resolve(this.#desk.grant(slot, weight));
      };
      slot.join(new RateWaiter(ask, serve, reject));
    });
  }

  /** Waiting would be in vain, which is known now. */
  #whyNot(slot: Slot, { weight, endsAt, endsBy, since }: RateAsk, waitMs: number, now: number): RateReason | undefined {
    const { queueLimit } = this.#desk.settings;
    const isVain = since + waitMs >= endsAt;
    if (waitMs === Infinity || queueLimit === 0 || (isVain && slot.isBlocked(now))) return this.#desk.reasonOf(slot, weight, now);
    if (slot.waiting >= queueLimit) return "queue-full";
    return isVain ? endsBy : undefined;
  }

  #isTooLate({ signal, deadlineAt }: Call): boolean {
    if (signal?.aborted === true) return true;
    return deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#desk.settings.clock.now();
  }

  /** The signal's own reason, or a refusal. */
  #tooLate({ signal }: Call): Promise<never> {
    return Promise.reject(signal?.aborted === true ? signal.reason : this.#desk.refuse("deadline"));
  }
}
