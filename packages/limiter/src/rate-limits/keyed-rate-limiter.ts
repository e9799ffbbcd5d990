import { checkFunction, checkNumber, noCall, type Call, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { LimiterEvents } from "../events.ts";
import type { Permit, PermitOwner } from "../permit.ts";
import type { RateAlgorithm } from "./algorithm.ts";
import type { Decision } from "./decision.ts";
import { Desk } from "./desk.ts";
import { readRateOptions, readWeight, type RateAcquireOptions, type RateLimiterOptions, type RateWeight } from "./options.ts";
import { Slot } from "./slot.ts";

/** Identifies whom a rate is for, compared as the keys of a `Map` are. */
export type RateKey = string | number | bigint | symbol | object;

export interface KeyedRateLimiterOptions extends RateLimiterOptions {
  /** How many keys are remembered: a whole number from 1. Default 100,000. */
  readonly maxKeys?: number | undefined;
  /** A longer text as a key is refused, with a RangeError: clients send what they like. Default 1024. */
  readonly maxKeyLength?: number | undefined;
}

export interface KeyedRateLimiterStats {
  /** Entries: keys that differ from new ones, and some that no longer do and were not yet swept out. */
  readonly keys: number;
  readonly granted: number;
  readonly rejected: number;
}

class Entry extends Slot implements PermitOwner {
  desk: Desk | undefined = undefined;

  give(): void {
    this.desk?.ended(this);
  }
}

// How many entries are looked at for each that is made, so that sweeping keeps ahead of growing.
const sweptPerNew = 2;
// And now and then for a call that makes none.
const callsPerSweep = 16;
// How many are compared to find one that can be given up.
const sampled = 16;

/**
 * A rate for each key: so much for each user, address or token.
 *
 * The problem: whoever remembers each key for ever is filled up by whoever invents keys; a timer for each key costs more
 * than the limit itself; and forgetting the oldest lets a blocked client go by being busy under other names.
 *
 * The idea: a key is worth remembering only while it differs from a new one, and its state says when that ends. A hand goes
 * round the entries and takes out those that are like new: two steps for each entry that is made, so it goes round before
 * their number has doubled, and one for every few calls. No timer, no pause.
 *
 * At `maxKeys` the hand goes on to find something to give up: of the next 16 entries the one nearest to being like new,
 * never one that is used up, blocked, or waited for. If there is none such, the *new* key is refused: an attacker with a
 * million names gets a million first requests at most, and never frees a key that is shut.
 */
export class KeyedRateLimiter {
  readonly name: string | undefined;
  readonly #algorithm: RateAlgorithm;
  readonly #desk: Desk;
  readonly #maxKeys: number;
  readonly #maxKeyLength: number;
  readonly #entries = new Map<RateKey, Entry>();
  #hand: Iterator<[RateKey, Entry]>;
  #calls = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: KeyedRateLimiterOptions) {
    const settings = readRateOptions(options);
    const { maxKeys = 100_000, maxKeyLength = 1024, algorithm } = options;
    this.#maxKeys = checkNumber("maxKeys", maxKeys, { min: 1, integer: true });
    this.#maxKeyLength = checkNumber("maxKeyLength", maxKeyLength, { min: 1 });
    this.name = settings.name;
    this.#algorithm = algorithm;
    this.#desk = new Desk(settings, algorithm);
    this.#hand = this.#entries.entries();
  }

  get stats(): KeyedRateLimiterStats {
    return { keys: this.#entries.size, granted: this.#desk.granted, rejected: this.#desk.rejected };
  }

  on(type: "rejected", listener: (event: LimiterEvents["rejected"]) => void): Unsubscribe {
    return this.#desk.events.on(type, listener);
  }

  /** See {@link RateLimiter.tryAcquire}. */
  tryAcquire(key: RateKey, options?: RateWeight): Permit | undefined {
    const entry = this.#entryOf(key);
    return entry === undefined ? undefined : this.#desk.tryAcquire(entry, entry, readWeight(options?.weight));
  }

  /** See {@link RateLimiter.take}. */
  take(key: RateKey, weight = 1): Decision {
    readWeight(weight);
    const entry = this.#entryOf(key);
    return entry === undefined ? this.#noRoom() : this.#desk.take(entry, weight);
  }

  /** See {@link RateLimiter.check}. Makes no entry. */
  check(key: RateKey, weight = 1): Decision {
    if (weight !== 0) readWeight(weight);
    return this.#desk.check(this.#entries.get(key) ?? this.#make(), weight);
  }

  /** See {@link RateLimiter.acquire}. Each key has a line of its own. */
  async acquire(key: RateKey, options: RateAcquireOptions = {}): Promise<Permit> {
    const entry = this.#entryOf(key);
    if (entry === undefined) throw this.#desk.refuseKey();
    return this.#desk.acquire(entry, entry, options);
  }

  /** See {@link RateLimiter.run}. */
  run<T>(key: RateKey, work: Work<T>, call: Call = noCall, options?: RateWeight): Promise<T> {
    try {
      const entry = this.#entryOf(key);
      if (entry === undefined) return Promise.reject(this.#desk.refuseKey());
      return this.#desk.run(entry, entry, work, call, options);
    } catch (error) {
      return Promise.reject(error); // a key that is too long
    }
  }

  /** A layer that limits by what `keyOf` makes of input and call. */
  layer<In, Out, C extends Call>(keyOf: (input: In, call: C) => RateKey): (next: Service<In, Out, C>) => Service<In, Out, C> {
    checkFunction("keyOf", keyOf);
    // An async function, for keyOf may throw.
    return (next) => async (input, call) => this.run(keyOf(input, call), () => next(input, call), call);
  }

  /** See {@link RateLimiter.refund}. */
  refund(key: RateKey, weight = 1): void {
    readWeight(weight);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.blockedUntil = -Infinity;
    entry.state.refund(weight, this.#desk.time.now());
    entry.wake();
  }

  /** See {@link RateLimiter.penalise}. */
  penalise(key: RateKey, weight = 1): void {
    this.#entryOf(key)?.state.penalise(readWeight(weight), this.#desk.time.now());
  }

  /** See {@link RateLimiter.block}. False when there is no room to remember it. */
  block(key: RateKey, durationMs: number): boolean {
    checkNumber("durationMs", durationMs);
    const entry = this.#entryOf(key);
    if (entry === undefined) return false;
    entry.blockedUntil = this.#desk.time.now() + durationMs;
    entry.wake();
    return true;
  }

  /** See {@link RateLimiter.reset}. */
  reset(key: RateKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.blockedUntil = -Infinity;
    entry.state = this.#algorithm.fresh(this.#desk.time.now());
    entry.wake();
  }

  /** See {@link RateLimiter.close}. */
  close(reason?: unknown): void {
    this.#desk.close(reason, this.#entries.values());
  }

  #entryOf(key: RateKey): Entry | undefined {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#calls += 1;
      // What is swept out may be this very one, which then is like new.
      if (this.#calls % callsPerSweep === 0 && this.#sweep(1) && !this.#entries.has(key)) return this.#add(key);
      return known;
    }
    if (typeof key === "string" && key.length > this.#maxKeyLength) {
      throw new RangeError(`key must be at most ${this.#maxKeyLength} characters long, got ${key.length}`);
    }
    this.#sweep(sweptPerNew);
    if (this.#entries.size >= this.#maxKeys && !this.#evict()) return undefined;
    return this.#add(key);
  }

  #add(key: RateKey): Entry {
    const entry = this.#make();
    this.#entries.set(key, entry);
    return entry;
  }

  #make(): Entry {
    const entry = new Entry(this.#desk.host, this.#algorithm.fresh(this.#desk.time.now()));
    entry.desk = this.#desk;
    return entry;
  }

  /** Whether any was taken out. */
  #sweep(steps: number): boolean {
    const now = this.#desk.time.now();
    let hasSwept = false;
    for (let step = 0; step < steps; step += 1) {
      const next = this.#next();
      if (next?.[1].isIdle(now) === true) hasSwept = this.#entries.delete(next[0]);
    }
    return hasSwept;
  }

  /** Gives up the one of some that is nearest to being like new. False when all of them matter. */
  #evict(): boolean {
    const now = this.#desk.time.now();
    let best: RateKey | undefined;
    let bestMs = Infinity;
    for (let i = 0; i < sampled; i += 1) {
      const next = this.#next();
      if (next === undefined) break;
      const [key, { state, blockedUntil, waiting }] = next;
      if (blockedUntil > now || waiting > 0 || state.isBusy === true || state.remaining(now) < 1) continue;
      const resetAfterMs = state.resetAfterMs(now);
      if (resetAfterMs >= bestMs) continue;
      best = key;
      bestMs = resetAfterMs;
    }
    return best !== undefined && this.#entries.delete(best);
  }

  /** Where the hand stands; round and round. */
  #next(): [RateKey, Entry] | undefined {
    let next = this.#hand.next();
    if (next.done === true) {
      this.#hand = this.#entries.entries();
      next = this.#hand.next();
    }
    return next.done === true ? undefined : next.value;
  }

  #noRoom(): Decision {
    const { limit, windowMs } = this.#algorithm;
    this.#desk.refuseKey();
    return { allowed: false, limit, windowMs, remaining: 0, retryAfterMs: windowMs, resetAfterMs: windowMs };
  }
}
