import { attempt } from "./attempt.ts";
import { PoolFactoryTimeoutError } from "../errors.ts";
import type { DestroyReason } from "../events.ts";
import type { PoolSettings } from "../options.ts";
import type { Slot, SlotWatch } from "../stock/slot.ts";

/**
 * Destroying, bounded in time and never awaited by a borrower. The slot stays taken until the destroy has settled or is
 * given up, because the other side counts a connection until it is closed.
 */
export interface DestroyerOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly watch: SlotWatch;
  /** The slot is `gone`. `failure` when destroy threw, rejected or took too long. */
  readonly destroyed: (slot: Slot<R>, reason: DestroyReason, failure?: { readonly error: unknown }) => void;
}

export class Destroyer<R> {
  readonly #options: DestroyerOptions<R>;
  readonly #reasons = new Map<Slot<R>, DestroyReason>();
  /** Given up for good, whether or not that succeeded. */
  destroyed = 0;
  readonly destroyedBecause: Partial<Record<DestroyReason, number>> = {};
  failures = 0;

  constructor(options: DestroyerOptions<R>) {
    this.#options = options;
  }

  /** In flight. */
  get destroying(): number {
    return this.#reasons.size;
  }

  destroy(slot: Slot<R>, reason: DestroyReason): void {
    const { settings, watch } = this.#options;
    slot.state = "destroying";
    this.#reasons.set(slot, reason);
    attempt(
      () => settings.destroy?.(slot.resource),
      () => this.#end(slot),
      (error) => this.#end(slot, { error }),
    );
    if (this.#reasons.has(slot)) watch.start(slot, settings.destroyTimeoutMs);
  }

  expired(slot: Slot<R>): void {
    const { name, destroyTimeoutMs } = this.#options.settings;
    this.#end(slot, { error: new PoolFactoryTimeoutError(name, "destroy", destroyTimeoutMs) });
  }

  #end(slot: Slot<R>, failure?: { readonly error: unknown }): void {
    const reason = this.#reasons.get(slot);
    if (reason === undefined) return;
    this.#reasons.delete(slot);
    this.#options.watch.stop(slot);
    slot.state = "gone";
    this.destroyed += 1;
    this.destroyedBecause[reason] = (this.destroyedBecause[reason] ?? 0) + 1;
    if (failure !== undefined) this.failures += 1;
    this.#options.destroyed(slot, reason, failure);
  }
}
