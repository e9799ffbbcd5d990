import { Deadlines, Emitter, noopMeter } from "@breakwater/core";
import type { LimiterRejectedError } from "../errors.ts";
import type { LimiterEvents } from "../events.ts";
import { Permit, type PermitOwner } from "../permit.ts";
import type { Booking, RateAlgorithm, RateState } from "./algorithm.ts";
import { adopted } from "./all-of.ts";
import type { Decision } from "./decision.ts";
import type { RateKey } from "./keyed-rate-limiter.ts";
import { isReservable, type RateSettings } from "./options.ts";
import { RateRefusals, type RateReason, type RateRefusal } from "./rate-refusals.ts";
import { Slot, type SlotHost } from "./slot.ts";
import { SteadyTime } from "./steady-time.ts";

/** A place in the future. It is yours unless you cancel it. */
export interface Reservation {
  /** How long to wait before acting, in ms. */
  readonly delayMs: number;
  /** Gives back what nobody has booked behind it. Once its time has come, or twice, it changes nothing. */
  cancel(): void;
}

/** Most permits of a rate go back to nobody: what was taken comes back with time. */
const nobody: PermitOwner = { give: () => undefined };

/**
 * What is done at a slot at once, whosever it is: taken, booked, given back, blocked, refused, counted. A limiter has one slot, a
 * keyed one has many; both do it here. Waiting is the business of the waiting room.
 */
export class Desk {
  readonly settings: RateSettings;
  readonly time: SteadyTime;
  readonly events: Emitter<Pick<LimiterEvents, "rejected">> = new Emitter<Pick<LimiterEvents, "rejected">>();
  readonly refusals: RateRefusals;
  /** Slots in which somebody waits. */
  readonly waitedFor: Set<Slot> = new Set<Slot>();
  algorithm: RateAlgorithm;
  granted = 0;
  isClosed = false;
  closedBy: unknown = undefined;
  readonly #host: SlotHost;
  /** Whether it matters when work ends. */
  #holds: boolean;
  readonly #stopGauges: (() => void)[];
  #heard: (() => void)[] = [];

  constructor(settings: RateSettings, algorithm: RateAlgorithm) {
    this.settings = settings;
    this.algorithm = algorithm;
    this.#holds = algorithm.fresh(0).ended !== undefined;
    this.time = new SteadyTime(settings.clock);
    this.refusals = new RateRefusals(settings, this.events);
    this.#host = {
      clock: settings.clock,
      time: this.time,
      deadlines: new Deadlines(settings.clock),
      tooLate: (waiter, waitMs) => this.refusals.make(waiter.endsBy, this.#facts(waitMs)),
      never: (slot, { weight }) => this.refusals.make(this.reasonOf(slot, weight, this.time.now()), this.#facts()),
      busy: (slot) => this.waitedFor.add(slot),
      changed: (slot) => this.#changed(slot),
    };
    this.#stopGauges = gaugesOf(this);
  }

  get waiting(): number {
    let waiting = 0;
    for (const slot of this.waitedFor) waiting += slot.waiting;
    return waiting;
  }

  makeSlot(now: number, key?: RateKey): Slot {
    return new Slot(this.#host, this.algorithm, now, key);
  }

  /** The algorithm may have been changed since the slot was last looked at. */
  update(slot: Slot, now: number): void {
    if (slot.algorithm === this.algorithm) return;
    slot.state = adopted(slot.state, this.algorithm, now);
    slot.algorithm = this.algorithm;
  }

  tryAcquire(slot: Slot, weight: number, now: number): Permit | undefined {
    if (this.isClosed || !slot.tryTake(weight, now)) return undefined;
    return this.grant(slot, weight);
  }

  take(slot: Slot, weight: number, now: number): Decision {
    if (!this.isClosed && slot.tryTake(weight, now)) {
      this.granted += 1;
      return this.#decision(slot, weight, now, true);
    }
    this.penaliseRefusal(slot, weight, now);
    const decision = this.#decision(slot, weight, now, false);
    const isPlain = decision.retryAfterMs < Infinity && !slot.isBlocked(now);
    this.refusals.note(isPlain ? "rate" : this.reasonOf(slot, weight, now), this.algorithm, decision.retryAfterMs);
    return decision;
  }

  check(slot: Slot, weight: number, now: number): Decision {
    return this.#decision(slot, weight, now, !this.isClosed && slot.waiting === 0 && slot.waitMs(weight, now) <= 0);
  }

  reserve(slot: Slot, weight: number, maxDelayMs: number, now: number): Reservation | undefined {
    const { state } = slot;
    if (this.isClosed || slot.waiting > 0 || slot.isBlocked(now)) return undefined;
    if (!isReservable(state)) throw new TypeError("reserve needs an algorithm that can book, such as gcra or tokenBucket");
    const booking = state.reserve(weight, now, maxDelayMs);
    if (booking === undefined) return undefined;
    this.granted += 1;
    let isCancelled = false;
    const cancel = (): void => {
      if (!isCancelled) this.#cancel(slot, state, booking);
      isCancelled = true;
    };
    return { delayMs: booking.at - now, cancel };
  }

  refund(slot: Slot, weight: number): void {
    slot.state.refund(weight, this.time.now());
    slot.wake();
  }

  penalise(slot: Slot, weight: number, now: number): void {
    slot.state.penalise(weight, now);
    slot.wake(); // those who now wait too long are told
  }

  block(slot: Slot, durationMs: number, now: number): void {
    slot.blockedUntil = durationMs > 0 ? now + durationMs : undefined;
    slot.wake();
  }

  reset(slot: Slot): void {
    slot.blockedUntil = undefined;
    slot.state = this.algorithm.fresh(this.time.now());
    slot.algorithm = this.algorithm;
    slot.wake();
  }

  change(algorithm: RateAlgorithm): void {
    this.algorithm = algorithm;
    const now = this.time.now();
    this.#holds = algorithm.fresh(now).ended !== undefined;
    for (const slot of [...this.waitedFor]) {
      this.update(slot, now);
      slot.wake();
    }
  }

  close(reason: unknown): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closedBy = reason;
    for (const slot of [...this.waitedFor]) slot.refuseAll(() => this.refusals.make("closed", { ...this.#facts(), cause: reason }));
    for (const stop of this.#stopGauges) stop();
  }

  /** Resolves the next time that nobody waits. */
  idle(): Promise<void> {
    return this.waitedFor.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#heard.push(resolve));
  }

  /** It is taken. */
  grant(slot: Slot, weight: number): Permit {
    this.granted += 1;
    return new Permit(this.#holds ? this.#ownerOf(slot) : nobody, weight);
  }

  #ownerOf(slot: Slot): PermitOwner {
    const { state } = slot;
    return { give: () => this.ended(slot, state) };
  }

  /** Work that took from the slot in that state has ended. */
  ended(slot: Slot, state: RateState): void {
    if (state.ended === undefined) return;
    state.ended(this.time.now());
    slot.wake();
  }

  /** Makes an error, and tells of it. */
  refuse(reason: RateReason, retryAfterMs?: number, cause?: unknown): LimiterRejectedError {
    const error = this.refusals.make(reason, { ...this.#facts(retryAfterMs), cause });
    this.refusals.announce();
    return error;
  }

  /** Why the slot has nothing for that weight. */
  reasonOf(slot: Slot, weight: number, now: number): RateReason {
    if (this.isClosed) return "closed";
    if (slot.isBlocked(now)) return "blocked";
    return this.algorithm.fresh(now).waitMs(weight, now) === Infinity ? "too-heavy" : "rate";
  }

  /** If refusals are to cost: as much again as the limit at most, so that who stops is let in again within two windows. */
  penaliseRefusal(slot: Slot, weight: number, now: number): void {
    if (!this.settings.penalisesRefusals || slot.isBlocked(now)) return;
    const most = 2 * this.algorithm.limit - slot.state.used(now);
    if (most > 0 && most < Infinity) slot.state.penalise(Math.min(weight, most), now);
  }

  #decision(slot: Slot, weight: number, now: number, allowed: boolean): Decision {
    const { state, blockedUntil = now } = slot;
    const tightest = state.tightest === undefined ? state : state.tightest(now);
    const { limit, windowMs } = tightest.algorithm;
    return {
      allowed,
      limit,
      windowMs,
      remaining: this.isClosed || blockedUntil > now || slot.waiting > 0 ? 0 : tightest.remaining(now),
      retryAfterMs: allowed ? 0 : this.isClosed ? Infinity : Math.max(slot.waitMs(weight, now), slot.waiting > 0 ? 1 : 0),
      resetAfterMs: Math.max(blockedUntil - now, state.resetAfterMs(now)),
    };
  }

  #facts(retryAfterMs?: number): RateRefusal {
    const { limit, windowMs } = this.algorithm;
    return { limit, windowMs, retryAfterMs };
  }

  #cancel(slot: Slot, state: RateState, booking: Booking): void {
    if (!isReservable(state) || state !== slot.state) return; // it was reset since
    state.cancel(booking, this.time.now());
    slot.wake();
  }

  #changed(slot: Slot): void {
    if (slot.waiting === 0) this.waitedFor.delete(slot);
    this.refusals.announce();
    if (this.waitedFor.size > 0 || this.#heard.length === 0) return;
    const heard = this.#heard;
    this.#heard = [];
    for (const resolve of heard) resolve();
  }
}

function gaugesOf(desk: Desk): (() => void)[] {
  const { meter, name } = desk.settings;
  if (meter === noopMeter) return [];
  const attributes = name === undefined ? {} : { name };
  return [
    meter.gauge("breakwater.limiter.waiting", () => desk.waiting, { description: "Callers in line", unit: "{call}", attributes }),
  ];
}
