import type { RateKey } from "./keyed-rate-limiter.ts";
import type { Slot } from "./slot.ts";

// How many entries are looked at for each that is made, so that sweeping keeps ahead of growing.
const sweptPerNew = 2;
// And now and then for a call that makes none.
const callsPerSweep = 8;
// How many are compared to find one that can be given up: as many as Redis does to find what was not used lately.
const sampled = 5;

/**
 * The slots of many keys, as few as possible.
 *
 * The problem: whoever remembers each key for ever is filled up by whoever invents keys; a timer for each key costs more
 * than the limit itself; and forgetting the oldest lets a blocked client go by being busy under other names.
 *
 * The idea: a key is worth remembering only while it differs from a new one, and its state says when that ends. A hand goes
 * round the entries and takes out those that are like new: two steps for each entry that is made, so it goes round before
 * their number has doubled, and one for every few calls. No timer, no pause.
 *
 * At the most the hand goes on to find something to give up: of the next five entries the one nearest to being like new,
 * never one that is used up, blocked, or waited for. If there is none such, the *new* key is refused: an attacker with a
 * million names keeps new clients out while his names are used up, but frees no key that is shut.
 */
export class Slots {
  readonly #most: number;
  readonly #make: (now: number, key: RateKey) => Slot;
  readonly #slots = new Map<RateKey, Slot>();
  #hand: Iterator<Slot> = this.#slots.values();
  #calls = 0;
  /** Of the last sample, none of which could be given up: when the first one will be, in ms. */
  roomAfterMs = 0;

  constructor(most: number, make: (now: number, key: RateKey) => Slot) {
    this.#most = most;
    this.#make = make;
  }

  get size(): number {
    return this.#slots.size;
  }

  get(key: RateKey): Slot | undefined {
    return this.#slots.get(key);
  }

  /** The key's slot, made if need be; undefined if there is no room. */
  open(key: RateKey, now: number): Slot | undefined {
    const known = this.#slots.get(key);
    if (known === undefined) return this.#add(key, now);
    this.#calls += 1;
    if (this.#calls < callsPerSweep) return known;
    this.#calls = 0;
    // If it is swept itself it is like new, but goes on.
    if (this.#sweep(now) === known) this.#slots.set(key, known);
    return known;
  }

  #add(key: RateKey, now: number): Slot | undefined {
    if (this.#slots.size < this.#most) for (let step = 0; step < sweptPerNew; step += 1) this.#sweep(now);
    else if (!this.#evict(now)) return undefined;
    const slot = this.#make(now, key);
    this.#slots.set(key, slot);
    return slot;
  }

  /** One step of the hand; the slot that was taken out. */
  #sweep(now: number): Slot | undefined {
    const slot = this.#next();
    if (slot?.isIdle(now) !== true) return undefined;
    if (slot.key !== undefined) this.#slots.delete(slot.key);
    return slot;
  }

  /** Gives up the one of some that is nearest to being like new. False when all of them matter. */
  #evict(now: number): boolean {
    let best: Slot | undefined;
    let bestMs = Infinity;
    this.roomAfterMs = Infinity;
    for (let step = Math.min(sampled, this.#slots.size); step > 0; step -= 1) {
      const slot = this.#next();
      if (slot === undefined) break;
      if (!slot.isSpare(now)) {
        this.roomAfterMs = Math.min(this.roomAfterMs, Math.max(slot.waitMs(1, now), 1));
        continue;
      }
      const resetAfterMs = slot.state.resetAfterMs(now);
      if (resetAfterMs >= bestMs) continue;
      best = slot;
      bestMs = resetAfterMs;
      if (bestMs <= 0) break;
    }
    return best?.key !== undefined && this.#slots.delete(best.key);
  }

  /** Where the hand stands; round and round. A Map's iterator sees what was added and not what was deleted since. */
  #next(): Slot | undefined {
    let next = this.#hand.next();
    if (next.done === true) {
      this.#hand = this.#slots.values();
      next = this.#hand.next();
    }
    return next.done === true ? undefined : next.value;
  }
}
