import { checkFunction, type Call } from "@breakwater/core";
import { at } from "./drawing.ts";
import type { Candidate, Policy, Selector } from "./policy.ts";
import { TwoChoices } from "./two-choices.ts";
import { pendingLoad } from "./power-of-two.ts";

/*
 * How it works, and why.
 *
 * The same key should go to the same endpoint, for the sake of its cache, and when an endpoint leaves only its own keys should
 * move. Each endpoint gets a score from the hash of the key together with its own, and the highest wins: highest random weight,
 * Thaler and Ravishankar (1998), with weights as -w / ln(u) of Schindelhauer and Schomaker (2005). It needs no ring, no table and no
 * virtual nodes, is exactly fair by weight, and an endpoint that is ejected gives its keys to all others alike.
 *
 * Rejected: a hash ring, O(log n) instead of O(n), but with a hundred points for each endpoint still 10 % uneven.
 */

export interface RendezvousOptions {
  /** What must go to the same endpoint, e.g. a user's id. Of a call that has none, undefined: it goes wherever there is room. */
  readonly keyOf: (call: Call) => string | undefined;
}

class Rendezvous implements Selector<number> {
  readonly #keyOf: (call: Call) => string | undefined;
  readonly #two: TwoChoices<number>;
  #candidates: readonly Candidate<number>[] = [];

  constructor(keyOf: (call: Call) => string | undefined, random: () => number) {
    this.#keyOf = keyOf;
    this.#two = new TwoChoices<number>(random, pendingLoad);
  }

  changed(candidates: readonly Candidate<number>[]): void {
    this.#candidates = candidates;
    this.#two.changed(candidates);
  }

  choose(call: Call, now: number): Candidate<number> {
    const key = this.#keyOf(call);
    return key === undefined ? this.#two.choose(call, now) : this.#highest(hashOf(key), now);
  }

  #highest(hash: number, now: number): Candidate<number> {
    let best = at(this.#candidates, 0);
    let highest = -1;
    for (const candidate of this.#candidates) {
      const score = -(candidate.weight * candidate.shareAt(now)) / Math.log(unitOf(hash, candidate.state));
      if (score <= highest) continue;
      best = candidate;
      highest = score;
    }
    return best;
  }
}

/** Two hashes mixed to a number between 0 and 1, both excluded; murmur3's finaliser. */
function unitOf(hash: number, other: number): number {
  let mixed = Math.imul(hash ^ other, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ Math.imul(other, 0x9e3779b1), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed ^= mixed >>> 13;
  return ((mixed >>> 0) + 0.5) / 2 ** 32;
}

/** FNV-1a, then mixed, because its last letters reach only the low bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/**
 * The same key to the same endpoint, as long as it is there; when one leaves only its keys move. A slow start gives it its keys
 * little by little. Blind to load: one hot key is one hot endpoint. O(n).
 *
 * What `keyOf` throws fails the call.
 *
 * @throws TypeError naming the option and the value.
 */
export function rendezvous(options: RendezvousOptions): Policy {
  const { keyOf } = options;
  checkFunction("keyOf", keyOf);
  return {
    name: "rendezvous",
    readsClock: false,
    strategy: ({ random }) => ({
      newState: hashOf,
      selector: () => new Rendezvous(keyOf, random),
      loadOf: ({ pending, weight }) => pending / weight,
    }),
  };
}
