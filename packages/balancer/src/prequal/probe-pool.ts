import type { Candidate } from "../policies/policy.ts";
import type { LoadAnswer } from "./load-probe.ts";
import type { PrequalRules } from "./options.ts";
import { Quantile } from "./quantile.ts";

/** What is remembered of an endpoint besides its answers. */
export interface Aversion {
  /** Until when it is the last choice. */
  until: number;
}

/** One answer. */
export interface Entry {
  readonly candidate: Candidate<Aversion>;
  /** Goes up with each use: who is sent there is in flight there, whether it has answered a probe since or not. */
  inFlight: number;
  readonly latencyMs: number;
  readonly answeredAt: number;
  usesLeft: number;
}

/**
 * The answers that are there, at most one of each endpoint.
 *
 * Which is best (hot and cold, lexicographically): an endpoint is hot when it has more in flight than most. If any is cold, the cold one
 * with the lowest latency; else the one with the fewest in flight. Latency alone herds, the number in flight alone does not
 * see slow machines.
 */
export class ProbePool {
  readonly #rules: PrequalRules;
  readonly #random: () => number;
  readonly #seen: Quantile;
  #entries: Entry[] = [];
  #candidates = 0;
  #removals = 0;
  #removesWorst = false;

  constructor(rules: PrequalRules, random: () => number) {
    this.#rules = rules;
    this.#random = random;
    this.#seen = new Quantile(rules.hotQuantile);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Answers of those that are no longer candidates are thrown away. */
  keep(there: ReadonlySet<Candidate<Aversion>>): void {
    this.#candidates = there.size;
    this.#entries = this.#entries.filter(({ candidate }) => there.has(candidate));
  }

  add(candidate: Candidate<Aversion>, { inFlight, latencyMs }: LoadAnswer, now: number): void {
    this.#seen.add(inFlight);
    this.#entries = this.#entries.filter((entry) => entry.candidate !== candidate);
    if (this.#entries.length >= this.#rules.poolSize) this.#entries.shift();
    this.#entries.push({ candidate, inFlight, latencyMs, answeredAt: now, usesLeft: this.#budget() });
  }

  expire(now: number): void {
    // The oldest are in front.
    while (this.#entries[0] !== undefined && now - this.#entries[0].answeredAt > this.#rules.maxAgeMs) this.#entries.shift();
  }

  best(now: number): Entry | undefined {
    return this.#extreme((one, other) => this.#isBetter(one, other, now));
  }

  /** It was chosen. */
  use(entry: Entry, now: number): void {
    entry.inFlight += 1;
    entry.usesLeft -= 1;
    if (entry.usesLeft <= 0) this.#remove(entry);
    if (this.#isSmall) return;
    for (this.#removals += this.#rules.removesPerPick; this.#removals >= 1; this.#removals -= 1) this.#removeOne(now);
  }

  /** So few endpoints that there is room for all: then an answer stays until there is a newer one, or it is too old. */
  get #isSmall(): boolean {
    return this.#candidates <= this.#rules.poolSize;
  }

  /** In how many picks an answer may be used, so that the pool stays full though answers are thrown away. */
  #budget(): number {
    const { poolSize, probesPerPick, removesPerPick } = this.#rules;
    const net = (1 - poolSize / this.#candidates) * probesPerPick - removesPerPick;
    if (this.#isSmall || net <= 0) return Infinity;
    const budget = Math.max(1, 2 / net);
    return Math.floor(budget) + (this.#random() < budget % 1 ? 1 : 0); // rounded so that the mean is right
  }

  #removeOne(now: number): void {
    this.#removesWorst = !this.#removesWorst;
    const worst = this.#removesWorst ? this.#extreme((one, other) => this.#isBetter(other, one, now)) : this.#entries[0];
    if (worst !== undefined) this.#remove(worst);
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #extreme(isBetter: (one: Entry, other: Entry) => boolean): Entry | undefined {
    let best = this.#entries[0];
    for (const entry of this.#entries) if (best !== undefined && entry !== best && isBetter(entry, best)) best = entry;
    return best;
  }

  /** Failing is worst, hot comes next; among hot ones the number in flight decides, among cold ones the latency. */
  #isBetter(one: Entry, other: Entry, now: number): boolean {
    const isAverted = now < one.candidate.state.until;
    if (isAverted !== now < other.candidate.state.until) return !isAverted;
    const isHot = one.inFlight > this.#seen.value;
    if (isHot !== other.inFlight > this.#seen.value) return !isHot;
    if (isHot) return weighted(one.inFlight, one, now) < weighted(other.inFlight, other, now);
    return weighted(one.latencyMs, one, now) < weighted(other.latencyMs, other, now);
  }
}

function weighted(load: number, { candidate }: Entry, now: number): number {
  return load / (candidate.weight * candidate.shareAt(now));
}
