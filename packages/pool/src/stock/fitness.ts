import type { DestroyReason } from "../events.ts";
import type { PoolSettings } from "../options.ts";
import type { Slot } from "./slot.ts";

/** What must hold of a resource when it goes out, and when it comes back. Without options that ask for it, no clock is read. */
export class Fitness<R> {
  /** Whether idle resources are to be looked at before they are lent. */
  readonly isWary: boolean;
  readonly #settings: PoolSettings<R>;
  readonly #validates: boolean;

  constructor(settings: PoolSettings<R>) {
    this.#settings = settings;
    this.#validates = settings.validate !== undefined;
    this.isWary = this.#validates || settings.maxLifetimeMs < Infinity;
  }

  /** Why it must not be lent again now that it has come back; `size` is how many there are. */
  doomOf(slot: Slot<R>, size: number): DestroyReason | undefined {
    if (slot.doom !== undefined) return slot.doom;
    if (slot.uses >= this.#settings.maxUses) return "worn";
    if (size > this.#settings.size.max) return "surplus";
    return this.isExpired(slot) ? "expired" : undefined;
  }

  isExpired({ diesAt }: Slot<R>): boolean {
    return diesAt < Infinity && diesAt <= this.#settings.clock.now();
  }

  /** Known to be good so recently that nobody asks again. */
  isProven({ provenAt }: Slot<R>): boolean {
    return !this.#validates || this.#settings.clock.now() - provenAt < this.#settings.validateAfterMs;
  }

  /** A borrower has just worked with it. */
  prove(slot: Slot<R>): void {
    if (this.#validates) slot.provenAt = this.#settings.clock.now();
  }
}

/** Whether nothing that the options ask for has to be done at each loan. */
export function isPlain<R>({ validate, reset, maxLifetimeMs, maxUses, leakAfterMs }: PoolSettings<R>): boolean {
  return validate === undefined && reset === undefined && maxLifetimeMs === Infinity && maxUses === Infinity && leakAfterMs === Infinity;
}
