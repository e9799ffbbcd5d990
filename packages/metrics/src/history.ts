import type { SeeSamples } from "./collection.ts";
import { Distribution } from "./distribution.ts";
import { addPacked, emptyPack, pack, type Packed } from "./packed.ts";
import { Slot } from "./slot.ts";
import type { Tick } from "./tick.ts";
import { outside, type WindowPlan } from "./window-plan.ts";

/**
 * The last seconds, the last minutes and all time, for the price of one record.
 *
 * A record touches the present slot only. When time has moved on, the next record packs that slot up and puts it behind
 * the others that are over; reading merges, from the newest back, and each window is a prefix of what is merged:
 *
 *     retired | 30 s  30 s ... 30 s | 6 s  6 s ... 6 s | 1 s 1 s ... 1 s | present
 *                                                      |<- 10 s window ----------->|
 *                                   |<- 1 min window ----------------------------->|
 *             |<- 5 min window --------------------------------------------------->|
 *     |<- all time --------------------------------------------------------------->|
 *
 * Slots that have left a window are put together into one step of the next, as {@link WindowPlan} says, and those that
 * have left the longest into `retired`. So every sample is in exactly one place, three windows cost some forty slots
 * rather than 300, and how lazily they are put together, which is every few slots, changes no answer.
 *
 * Nothing moves when time passes without records. A slot remembers its number, and a read takes only those whose number
 * is within the window; so an idle gap of any length costs nothing and leaves nothing stale behind.
 *
 * Rejected: one ring for each window, which writes every record several times, and one ring of the finest slots for all,
 * which has 300. Without windows there is one slot for all time, and nothing is ever packed.
 *
 * Law: the sum of all time never falls, although slots are put together in another order than they came: it is kept
 * apart, and added to in the order of time.
 */
export class History {
  readonly #tick: Tick;
  readonly #plan: WindowPlan;
  readonly #createdMs: number;
  readonly #current = new Slot();
  // Those that are over, in order of age: their numbers, and what they hold.
  readonly #numbers: number[] = [];
  readonly #over: Packed[] = [];
  #retired: Packed = emptyPack;
  #sumOver = 0;
  #tidyAt = 0;

  constructor(tick: Tick, plan: WindowPlan) {
    this.#tick = tick;
    this.#plan = plan;
    this.#createdMs = tick.elapsedMs();
  }

  /** Where to record now. */
  get current(): Slot {
    return this.#current.number === this.#tick.number ? this.#current : this.#moveOn();
  }

  /** Of all samples. It never falls. */
  get sum(): number {
    return this.#sumOver + this.#current.sum;
  }

  /** Calls back with each window, the shortest first, then with all time. */
  read(seen: SeeSamples): void {
    const nowMs = this.#tick.elapsedMs();
    const now = this.#tick.at(nowMs);
    this.#tidy(now);
    const merged = new Distribution();
    let left = this.#over.length + 1; // the present slot is the newest
    const mergeFrom = (oldest: number): void => {
      while (left > 0 && this.#numberAt(left - 1) >= oldest) this.#addAt(--left, merged);
    };
    this.#plan.windowsMs.forEach((windowMs, window) => {
      const oldest = this.#plan.oldest(window, now);
      mergeFrom(oldest);
      seen(merged, this.#seconds(nowMs - Math.max(this.#createdMs, oldest * this.#plan.slotMs)), windowMs);
    });
    mergeFrom(-Infinity);
    addPacked(merged, this.#retired);
    merged.sum = this.sum;
    seen(merged, this.#seconds(nowMs - this.#createdMs), Infinity);
  }

  #numberAt(index: number): number {
    return this.#numbers[index] ?? this.#current.number;
  }

  #addAt(index: number, merged: Distribution): void {
    const packed = this.#over[index];
    if (packed === undefined) merged.add(this.#current);
    else addPacked(merged, packed);
  }

  #moveOn(): Slot {
    const number = this.#tick.lease();
    if (number === this.#current.number) return this.#current;
    if (!this.#current.isEmpty) {
      this.#numbers.push(this.#current.number);
      this.#over.push(pack(this.#current));
      this.#sumOver += this.#current.sum;
    }
    this.#tidy(number);
    this.#current.restart(number);
    return this.#current;
  }

  /** Puts together what no window tells apart any more. */
  #tidy(now: number): void {
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + this.#plan.tidyAfter;
    let kept = 0;
    for (let index = 0, end = 0; index < this.#over.length; index = end) {
      const group = this.#groupAt(index, now);
      do end += 1;
      while (end < this.#over.length && this.#groupAt(end, now) === group);
      if (group === outside) {
        this.#retired = together(this.#over, index, end, this.#retired);
      } else {
        this.#over[kept] = end === index + 1 ? (this.#over[index] ?? emptyPack) : together(this.#over, index, end);
        this.#numbers[kept++] = group;
      }
    }
    this.#over.length = this.#numbers.length = kept;
  }

  #groupAt(index: number, now: number): number {
    return this.#plan.groupOf(this.#numbers[index] ?? 0, now);
  }

  // A rate over less than a slot says nothing, and over no time at all it would be infinite.
  #seconds(ms: number): number {
    return Math.max(ms, this.#plan.leastMs) / 1000;
  }
}

function together(packs: readonly Packed[], from: number, to: number, before: Packed = emptyPack): Packed {
  const merged = new Distribution();
  addPacked(merged, before);
  for (let index = from; index < to; index++) addPacked(merged, packs[index] ?? emptyPack);
  return pack(merged);
}
