import { Distribution, type Summary } from "./distribution.ts";
import { Slot } from "./slot.ts";
import type { Tick } from "./tick.ts";

/**
 * The last few seconds and all time, for the price of one record.
 *
 * A ring of slots, each with counts of its own; a record touches the current one only, and reading merges. A slot that
 * is reused is first added to `retired`, so all time = retired + every slot in the ring.
 *
 *     slot numbers   ... 41 | 42   43   44   45 |    window of 4 slots at slot 45
 *     ring position           2    3    0    1       number mod 4
 *
 * Nothing moves when time passes without records. A slot remembers its number, and a read takes only those whose number
 * is within the window; so an idle gap of any length costs nothing and leaves nothing stale behind. The window covers
 * `slots - 1` whole slots and the one now running.
 */
export class Window {
  readonly #tick: Tick;
  readonly #ring: (Slot | undefined)[];
  readonly #retired = new Distribution();
  readonly #createdMs: number;
  #current = new Slot();

  constructor(tick: Tick, slots: number) {
    this.#tick = tick;
    this.#createdMs = tick.elapsedMs();
    this.#ring = new Array<Slot | undefined>(slots).fill(undefined);
  }

  /** Where to record now. */
  get current(): Slot {
    return this.#current.number === this.#tick.number ? this.#current : this.#rotate();
  }

  /** Of all samples. It never falls: slots are added in order of age, so retiring one does not change the rounding. */
  get sum(): number {
    return this.#byAge().reduce((sum, slot) => sum + slot.sum, this.#retired.sum);
  }

  /** All samples since the start, and those of the window. */
  summarise(): { readonly lifetime: Summary; readonly window: Summary } {
    const nowMs = this.#tick.elapsedMs();
    const oldest = this.#tick.at(nowMs) - this.#ring.length + 1;
    const lifetime = new Distribution();
    const recent = new Distribution();
    lifetime.add(this.#retired);
    for (const slot of this.#byAge()) {
      lifetime.add(slot);
      if (slot.number >= oldest) recent.add(slot);
    }
    const windowStartMs = Math.max(this.#createdMs, oldest * this.#tick.slotMs);
    return {
      lifetime: lifetime.summary(this.#seconds(nowMs - this.#createdMs)),
      window: recent.summary(this.#seconds(nowMs - windowStartMs)),
    };
  }

  #rotate(): Slot {
    const number = this.#tick.lease();
    if (number === this.#current.number) return this.#current;
    const position = number % this.#ring.length;
    const slot = (this.#ring[position] ??= new Slot());
    this.#retired.add(slot);
    slot.restart(number);
    return (this.#current = slot);
  }

  #byAge(): Slot[] {
    return this.#ring.filter((slot) => slot !== undefined).sort((a, b) => a.number - b.number);
  }

  // A rate over less than a slot says nothing, and over no time at all it would be infinite.
  #seconds(ms: number): number {
    return Math.max(ms, this.#tick.slotMs) / 1000;
  }
}
