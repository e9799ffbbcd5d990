import { Deadlines } from "@breakwater/core";
import { Backoff } from "./backoff.ts";
import type { Revocable } from "./closing.ts";
import { Creator } from "./creator.ts";
import { Destroyer } from "./destroyer.ts";
import type { DestroyReason } from "./events.ts";
import type { PoolSettings } from "./options.ts";
import type { Report } from "./report.ts";
import { Slot, SlotWatch, type SlotKeeper } from "./slot.ts";
import { Validator } from "./validator.ts";

/**
 * The slots of a pool, and what is done with them beyond borrowing: creating, validating, destroying. It knows how many
 * there are in which state and how many more may be created; who needs them is Stock's affair.
 *
 * Invariant: `slots` holds whatever counts against `max`, from the reservation until the destroy has settled.
 */
export interface SupplyListener<R> extends SlotKeeper<R> {
  /** It is nobody's yet. `isLate`: it may have stood unused for a while. */
  created(slot: Slot<R>, isLate: boolean): void;
  createFailed(error: unknown): void;
  /** It is nobody's yet. */
  valid(slot: Slot<R>): void;
  /** A place may have become free, or a create may be due. */
  changed(): void;
}

export class Supply<R> {
  readonly slots: Set<Slot<R>> = new Set<Slot<R>>();
  readonly backoff: Backoff;
  readonly creator: Creator<R>;
  readonly validator: Validator<R> | undefined;
  readonly destroyer: Destroyer<R>;
  readonly #settings: PoolSettings<R>;
  readonly #report: Report<R>;
  readonly #listener: SupplyListener<R>;

  constructor(settings: PoolSettings<R>, report: Report<R>, listener: SupplyListener<R>) {
    const { clock, validate, random } = settings;
    this.#settings = settings;
    this.#report = report;
    this.#listener = listener;
    const watch = new SlotWatch(clock, new Deadlines(clock));
    this.backoff = new Backoff(clock, random, () => listener.changed());
    this.creator = new Creator({
      settings,
      watch,
      created: (slot, isLate) => this.#created(slot, isLate),
      failed: (error) => this.#createFailed(error),
      ended: () => listener.changed(),
      remove: (slot) => this.slots.delete(slot),
    });
    const valid = (slot: Slot<R>): void => listener.valid(slot);
    const invalid = (slot: Slot<R>, failure?: { readonly error: unknown }): void => {
      report.invalid(slot, failure);
      this.retire(slot, "invalid");
    };
    this.validator = validate && new Validator({ settings, validate, watch, valid, invalid });
    this.destroyer = new Destroyer({
      settings,
      watch,
      destroyed: (slot, reason, failure) => {
        this.slots.delete(slot);
        report.destroyed(slot, reason, failure);
        listener.changed();
      },
    });
  }

  /** Idle, validating or busy. */
  get existing(): number {
    return this.slots.size - this.creator.creating - this.creator.overdue - this.destroyer.destroying;
  }

  get validating(): number {
    return this.validator?.validating ?? 0;
  }

  /** How many resources the work in progress will bring, if all goes well. */
  get coming(): number {
    return this.creator.creating + this.validating;
  }

  /** How many creates may start now. While creating fails it is one probe at a time. */
  get creatable(): number {
    const room = this.#settings.max - this.slots.size;
    if (!this.backoff.isFailing) return room;
    return this.creator.creating === 0 && this.backoff.delayMs === 0 ? Math.min(room, 1) : 0;
  }

  /** Whether a create could start, if it were not for the backoff. */
  get isHeldBack(): boolean {
    return this.backoff.isFailing && this.creator.creating === 0 && this.slots.size < this.#settings.max;
  }

  create(): void {
    const slot = new Slot<R>(this.#listener);
    this.#report.begins(slot);
    this.slots.add(slot);
    this.creator.start(slot);
  }

  retire(slot: Slot<R>, reason: DestroyReason): void {
    if (slot.state === "destroying" || slot.state === "gone") return;
    if (slot.state === "validating") this.validator?.leave(slot);
    slot.lease = undefined;
    this.destroyer.destroy(slot, reason);
    this.#listener.changed();
  }

  expired(slot: Slot<R>, isClosing: boolean): void {
    if (slot.state === "validating") this.validator?.expired(slot);
    else if (slot.state === "destroying") this.destroyer.expired(slot);
    else this.creator.expired(slot, isClosing);
  }

  /** Stops what is in progress for borrowers who will not come any more. */
  abandon(reason: unknown): void {
    this.backoff.stop();
    for (const slot of [...this.slots]) {
      if (slot.state === "validating") this.retire(slot, "closed");
      if (slot.state === "creating" || slot.state === "overdue") this.creator.cancel(slot, reason);
    }
  }

  /** For each resource that is borrowed now, the way to take it away. */
  lent(): Revocable[] {
    const busy = [...this.slots].filter((slot) => slot.state === "busy");
    return busy.map((slot) => () => {
      this.#report.used(slot);
      this.retire(slot, "revoked");
    });
  }

  #created(slot: Slot<R>, isLate: boolean): void {
    this.slots.add(slot); // one that came after a close had given it up
    this.backoff.succeeded();
    this.#report.created(slot);
    this.#listener.created(slot, isLate);
  }

  #createFailed(error: unknown): void {
    this.backoff.failed(error);
    this.#listener.createFailed(error);
    this.#report.createFailed(error);
    this.#listener.changed();
  }
}
