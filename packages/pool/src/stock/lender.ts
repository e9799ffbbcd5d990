import { SlotLease } from "../borrowing/lease.ts";
import type { Measures } from "../measures.ts";
import type { PoolSettings } from "../options.ts";
import type { Report } from "../report.ts";
import type { Slot, SlotWatch } from "./slot.ts";

/** Beginning and end of a loan, with what is noted about it. */
export class Lender<R> {
  readonly #leakAfterMs: number;
  readonly #seeksLeaks: boolean;
  readonly #watch: SlotWatch;
  readonly #report: Report<R>;
  readonly #measures: Measures | undefined;
  /** Loans of resources that had been there before. */
  reused = 0;

  constructor(settings: PoolSettings<R>, watch: SlotWatch, report: Report<R>, measures: Measures | undefined) {
    this.#leakAfterMs = settings.leakAfterMs;
    this.#seeksLeaks = settings.leakAfterMs < Infinity;
    this.#watch = watch;
    this.#report = report;
    this.#measures = measures;
  }

  /** Where the caller acquires, if that is wanted. */
  get origin(): string | undefined {
    return this.#seeksLeaks ? new Error("acquired here").stack : undefined;
  }

  /** To somebody who need not wait, where nothing is to be noted. */
  lendPlainly(slot: Slot<R>): SlotLease<R> {
    this.reused += 1;
    slot.uses += 1;
    slot.state = "busy";
    return new SlotLease(slot);
  }

  /** To somebody who need not wait. */
  lendAtOnce(slot: Slot<R>): SlotLease<R> {
    this.reused += 1;
    if (this.#measures !== undefined) this.#measures.wait.record(0);
    return this.lend(slot, this.#seeksLeaks ? this.origin : undefined);
  }

  lend(slot: Slot<R>, origin: string | undefined): SlotLease<R> {
    slot.state = "busy";
    slot.uses += 1;
    if (this.#measures !== undefined) this.#report.begins(slot);
    if (origin !== undefined) {
      slot.origin = origin;
      this.#watch.start(slot, this.#leakAfterMs, true);
    }
    return new SlotLease(slot);
  }

  ended(slot: Slot<R>): void {
    if (slot.origin !== undefined) this.#watch.stop(slot);
    if (this.#measures !== undefined || slot.origin !== undefined) this.#report.used(slot);
  }
}
