import type { Deadlines } from "@breakwater/core";
import type { Check } from "../factory/check.ts";
import { makeResetter, makeValidator } from "../factory/checks.ts";
import { Creator } from "../factory/creator.ts";
import { Destroyer } from "../factory/destroyer.ts";
import type { DestroyReason } from "../events.ts";
import type { Places } from "../keyed/places.ts";
import type { PoolSettings } from "../options.ts";
import type { Failure, Report } from "../report.ts";
import { Backoff } from "./backoff.ts";
import type { Revocable } from "./closing.ts";
import { Slot, SlotWatch, type SlotKeeper } from "./slot.ts";

/**
 * The slots of a pool, and what is done with them beyond borrowing: creating, validating, resetting, destroying. It knows how many
 * there are in which state and how many more may be created; who needs them is Stock's affair.
 *
 * Invariant: `slots` holds whatever counts against `max`, from the reservation until the destroy has settled.
 */
export interface SupplyListener<R> extends SlotKeeper<R> {
  /** It is nobody's yet. `isLate`: it may have stood unused for a while. */
  created(slot: Slot<R>, isLate: boolean): void;
  createFailed(error: unknown): void;
  /** It is nobody's yet, and good. */
  validated(slot: Slot<R>): void;
  reset(slot: Slot<R>): void;
  /** One that was validated for its own sake is not any more. */
  tested(): void;
  /** The resource said that it is broken. */
  fell(slot: Slot<R>, error: unknown): void;
  /** A place may have become free, or a create may be due. */
  changed(): void;
}

export interface SupplyOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly report: Report<R>;
  readonly deadlines: Deadlines;
  readonly listener: SupplyListener<R>;
  /** Where several pools share a number of places. */
  readonly places: Places | undefined;
}

export class Supply<R> {
  readonly slots: Set<Slot<R>> = new Set<Slot<R>>();
  readonly backoff: Backoff;
  readonly creator: Creator<R>;
  readonly validator: Check<R> | undefined;
  readonly resetter: Check<R> | undefined;
  readonly destroyer: Destroyer<R>;
  readonly watch: SlotWatch;
  /** Validated for their own sake, and so nobody's hope. */
  testing = 0;
  readonly #options: SupplyOptions<R>;

  constructor(options: SupplyOptions<R>) {
    const { settings, deadlines, listener } = options;
    const { clock, random, retryMinMs, retryMaxMs } = settings;
    this.#options = options;
    this.watch = new SlotWatch(clock, deadlines);
    this.backoff = new Backoff({ clock, random, retryMinMs, retryMaxMs, deadlines, due: () => listener.changed() });
    this.creator = new Creator({
      settings,
      watch: this.watch,
      created: (slot, isLate) => this.#created(slot, isLate),
      failed: (error) => this.#createFailed(error),
      ended: () => listener.changed(),
      remove: (slot) => this.#remove(slot),
      broken: (slot, error) => listener.fell(slot, error),
    });
    const checks = { settings, watch: this.watch, report: options.report };
    this.validator = makeValidator({ ...checks, passed: (slot) => this.#validated(slot), failed: (slot) => this.retire(slot, "invalid") });
    this.resetter = makeResetter({ ...checks, passed: (slot) => listener.reset(slot), failed: (slot) => this.retire(slot, "unresettable") });
    this.destroyer = new Destroyer({ settings, watch: this.watch, destroyed: (...end) => this.#destroyed(...end) });
  }

  /** Idle, validating, resetting or busy. */
  get existing(): number {
    return this.slots.size - this.creator.creating - this.creator.overdue - this.destroyer.destroying;
  }

  /** Not on its way out. */
  get held(): number {
    return this.slots.size - this.destroyer.destroying;
  }

  get validating(): number {
    return this.validator?.size ?? 0;
  }

  get resetting(): number {
    return this.resetter?.size ?? 0;
  }

  /** How many resources the work in progress will bring, if all goes well. */
  get coming(): number {
    return this.creator.creating + this.validating - this.testing + this.resetting;
  }

  get room(): number {
    return Math.max(0, this.#options.settings.size.max - this.slots.size);
  }

  /** How many creates may start now. While creating fails it is one probe at a time. */
  get creatable(): number {
    const { creating } = this.creator;
    if (!this.backoff.isFailing) return Math.min(this.room, Math.max(0, this.#options.settings.maxConnecting - creating));
    return creating === 0 && this.backoff.delayMs === 0 ? Math.min(this.room, 1) : 0;
  }

  /** Whether a create could start, if it were not for the pause. */
  get isHeldBack(): boolean {
    return this.backoff.delayMs > 0 && this.creator.creating === 0 && this.room > 0;
  }

  /** Whether nothing is there that could serve, and creating fails. */
  get isDown(): boolean {
    return this.backoff.isFailing && this.existing === 0;
  }

  /** False when the pools that share the places have none left. */
  create(): boolean {
    const { listener, places, report } = this.#options;
    if (places?.take() === false) return false;
    const slot = new Slot<R>(listener);
    report.begins(slot);
    this.slots.add(slot);
    this.creator.start(slot);
    return true;
  }

  retire(slot: Slot<R>, reason: DestroyReason): void {
    if (slot.state === "destroying" || slot.state === "gone") return;
    const wasTested = slot.state === "validating" && slot.isTested;
    if (slot.state === "validating") this.#leaveValidating(slot);
    if (slot.state === "resetting") this.resetter?.leave(slot);
    if (slot.state === "busy") this.watch.stop(slot);
    slot.isTested = false;
    slot.loan += 1;
    this.destroyer.destroy(slot, reason);
    this.#options.listener.changed();
    if (wasTested) this.#options.listener.tested();
  }

  /** What was being done with it took too long. */
  expired(slot: Slot<R>, isClosing: boolean): void {
    if (slot.state === "validating") this.validator?.expired(slot);
    else if (slot.state === "resetting") this.resetter?.expired(slot);
    else if (slot.state === "destroying") this.destroyer.expired(slot);
    else if (slot.state === "busy") this.#options.report.leaked(slot);
    else this.creator.expired(slot, isClosing);
  }

  /** Stops what is in progress for borrowers who will not come any more. Resets go on to their end. */
  abandon(reason: unknown): void {
    this.backoff.stop();
    for (const slot of [...this.slots]) {
      if (slot.state === "validating" || slot.state === "resetting") this.retire(slot, "closed");
      if (slot.state === "creating" || slot.state === "overdue") this.creator.cancel(slot, reason);
    }
  }

  /** For each resource that is borrowed now, the way to take it away. */
  lent(): Revocable[] {
    const busy = [...this.slots].filter(({ state }) => state === "busy");
    return busy.map((slot) => ({
      isLent: () => slot.state === "busy",
      revoke: () => {
        this.#options.report.used(slot);
        this.retire(slot, "revoked");
      },
    }));
  }

  #validated(slot: Slot<R>): void {
    const wasTested = slot.isTested;
    if (wasTested) this.testing -= 1;
    this.#options.listener.validated(slot);
    if (wasTested) this.#options.listener.tested(); // last, for it calls functions of the user's
  }

  #leaveValidating(slot: Slot<R>): void {
    this.validator?.leave(slot);
    if (slot.isTested) this.testing -= 1;
  }

  #created(slot: Slot<R>, isLate: boolean): void {
    const { clock, lifetimeJitter, maxLifetimeMs, random } = this.#options.settings;
    this.slots.add(slot); // one that came after a close had given it up
    if (slot.doom === "broken") {
      this.#stillborn(slot);
      return;
    }
    const { failures } = this.backoff;
    this.backoff.succeeded();
    if (maxLifetimeMs < Infinity) slot.diesAt = clock.now() + maxLifetimeMs * (1 - lifetimeJitter * random());
    if (this.validator !== undefined) slot.provenAt = isLate ? -Infinity : clock.now();
    this.#options.report.created(slot, failures);
    this.#options.listener.created(slot, isLate);
  }

  /** It said that it is broken before it was there: that is a create that failed, or the pool would spin. */
  #stillborn(slot: Slot<R>): void {
    this.#options.report.created(slot, 0); // so that whoever pairs it with `destroyed` finds it, and nobody takes it for a recovery
    this.retire(slot, "broken");
    this.creator.failures += 1;
    this.#createFailed(slot.fault ?? new Error("the resource broke before it was there"));
  }

  #createFailed(error: unknown): void {
    this.backoff.failed(error);
    this.#options.listener.createFailed(error);
    this.#options.report.createFailed(error, this.backoff.delayMs);
    this.#options.listener.changed();
  }

  #destroyed(slot: Slot<R>, reason: DestroyReason, failure?: Failure): void {
    this.#remove(slot);
    this.#options.report.destroyed(slot, reason, failure);
    this.#options.listener.changed();
  }

  #remove(slot: Slot<R>): void {
    if (this.slots.delete(slot)) this.#options.places?.give();
  }
}
