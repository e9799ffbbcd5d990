import { checkFunction, checkNumber, describeLayer, noCall, type Call, type GuardFor, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { LimiterEvents } from "../events.ts";
import type { Permit } from "../permit.ts";
import type { RateAlgorithm, ReservableAlgorithm } from "./algorithm.ts";
import type { Decision } from "./decision.ts";
import { Desk, type Reservation } from "./desk.ts";
import { KeyOfRate } from "./key-of-rate.ts";
import {
  checkAlgorithm,
  readMaxDelay,
  readRateOptions,
  readWeight,
  type RateAcquireOptions,
  type RateLimiterOptions,
  type RateWeight,
  type ReserveOptions,
} from "./options.ts";
import type { Slot } from "./slot.ts";
import { Slots } from "./slots.ts";
import { WaitingRoom } from "./waiting-room.ts";

/** Identifies whom a rate is for, compared as the keys of a `Map` are. */
export type RateKey = string | number | bigint | symbol | object;

export interface KeyedRateLimiterOptions<A extends RateAlgorithm = RateAlgorithm> extends RateLimiterOptions<A> {
  /** How many keys are remembered: a whole number from 1. Default 100,000. */
  readonly maxKeys?: number | undefined;
  /** A longer text as a key is refused, as `overloaded`: clients send what they like. Default 1024. */
  readonly maxKeyLength?: number | undefined;
}

export interface KeyedRateLimiterStats {
  /** Entries: keys that differ from new ones, and some that no longer do and were not yet swept out. */
  readonly keys: number;
  readonly waiting: number;
  readonly granted: number;
  readonly rejected: number;
}

/**
 * A rate for each key: so much for each user, address or token. A {@link RateLimiter} with the key first.
 *
 * A key is remembered while it differs from a new one: no timer, no entry for the idle, and never more than `maxKeys`. What
 * happens at that number: see `Slots`.
 */
export class KeyedRateLimiter<A extends RateAlgorithm = RateAlgorithm> {
  readonly name: string | undefined;
  readonly #desk: Desk;
  readonly #room: WaitingRoom;
  readonly #slots: Slots;
  readonly #maxKeyLength: number;
  #algorithm: A;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: KeyedRateLimiterOptions<A>) {
    const settings = readRateOptions(options);
    const { maxKeys = 100_000, maxKeyLength = 1024, algorithm } = options;
    this.#maxKeyLength = checkNumber("maxKeyLength", maxKeyLength, { integer: true });
    this.name = settings.name;
    this.#algorithm = algorithm;
    this.#desk = new Desk(settings, algorithm);
    this.#room = new WaitingRoom(this.#desk);
    this.#slots = new Slots(checkNumber("maxKeys", maxKeys, { min: 1, integer: true }), (now, key) => this.#desk.makeSlot(now, key));
  }

  get algorithm(): A {
    return this.#algorithm;
  }

  /** Keys remembered at the moment. */
  get size(): number {
    return this.#slots.size;
  }

  get stats(): KeyedRateLimiterStats {
    const { waiting, granted, refusals } = this.#desk;
    return { keys: this.size, waiting, granted, rejected: refusals.count };
  }

  on(type: "rejected", listener: (event: LimiterEvents["rejected"]) => void): Unsubscribe {
    return this.#desk.events.on(type, listener);
  }

  /** This key alone, as a part of a {@link union}. */
  of(key: RateKey): KeyOfRate {
    return new KeyOfRate(this, key);
  }

  /** See {@link RateLimiter.tryAcquire}. */
  tryAcquire(key: RateKey, options?: RateWeight): Permit | undefined {
    const weight = options === undefined ? 1 : readWeight(options.weight);
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    return slot === undefined ? undefined : this.#desk.tryAcquire(slot, weight, now);
  }

  /** See {@link RateLimiter.take}. */
  take(key: RateKey, weight = 1): Decision {
    readWeight(weight);
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    return slot === undefined ? this.#noRoom(key) : this.#desk.take(slot, weight, now);
  }

  /** See {@link RateLimiter.check}. Remembers nothing. */
  check(key: RateKey, weight = 1): Decision {
    if (weight !== 0) readWeight(weight);
    const now = this.#desk.time.now();
    return this.#desk.check(this.#find(key, now) ?? this.#desk.makeSlot(now), weight, now);
  }

  /** See {@link RateLimiter.acquire}. Each key has a line of its own, of up to `queueLimit` callers. */
  acquire(key: RateKey, options: RateAcquireOptions = {}): Promise<Permit> {
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    return slot === undefined ? this.#refuse(key) : this.#room.acquire(slot, options, now);
  }

  /** See {@link RateLimiter.run}. */
  run<T>(key: RateKey, work: Work<T>, call: Call = noCall, options?: RateWeight): Promise<T> {
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    return slot === undefined ? this.#refuse(key) : this.#room.run(slot, work, call, options, now);
  }

  /** A layer that limits by what `keyOf` makes of input and call. */
  layer<Input, Needs extends Call>(keyOf: (input: Input, call: Needs) => RateKey): GuardFor<Input, Needs> {
    checkFunction("keyOf", keyOf);
    // An async function, for keyOf may throw. JavaScript may leave the call out.
    const layer: GuardFor<Input, Needs> = <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>) =>
      async (input: In, call: C = noCall as C): Promise<Out> => this.run(keyOf(input, call), () => next(input, call), call);
    return describeLayer(layer, { kind: "keyed-rate-limiter", name: this.name });
  }

  /** See {@link RateLimiter.reserve}. */
  reserve(this: KeyedRateLimiter<ReservableAlgorithm>, key: RateKey, options: ReserveOptions = {}): Reservation | undefined {
    const weight = readWeight(options.weight);
    const maxDelayMs = readMaxDelay(options);
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    return slot === undefined ? undefined : this.#desk.reserve(slot, weight, maxDelayMs, now);
  }

  /** See {@link RateLimiter.refund}. */
  refund(key: RateKey, weight = 1): void {
    readWeight(weight);
    const slot = this.#find(key, this.#desk.time.now());
    if (slot !== undefined) this.#desk.refund(slot, weight);
  }

  /** See {@link RateLimiter.penalise}. False when there is no room to remember it. */
  penalise(key: RateKey, weight = 1): boolean {
    readWeight(weight);
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    if (slot !== undefined) this.#desk.penalise(slot, weight, now);
    return slot !== undefined;
  }

  /** See {@link RateLimiter.block}. False when there is no room to remember it. */
  block(key: RateKey, durationMs: number): boolean {
    checkNumber("durationMs", durationMs);
    const now = this.#desk.time.now();
    const slot = this.#open(key, now);
    if (slot !== undefined) this.#desk.block(slot, durationMs, now);
    return slot !== undefined;
  }

  /** See {@link RateLimiter.reset}. */
  reset(key: RateKey): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#desk.reset(slot);
  }

  /** See {@link RateLimiter.change}. Holds for all keys from now on, those that are known and those to come. */
  change(algorithm: A): void {
    checkAlgorithm(algorithm);
    this.#algorithm = algorithm;
    this.#desk.change(algorithm);
  }

  /** See {@link RateLimiter.close}. */
  close(reason?: unknown): void {
    this.#desk.close(reason);
  }

  /** See {@link RateLimiter.idle}. */
  idle(): Promise<void> {
    return this.#desk.idle();
  }

  #open(key: RateKey, now: number): Slot | undefined {
    if (typeof key === "string" && key.length > this.#maxKeyLength) return undefined;
    const slot = this.#slots.open(key, now);
    if (slot !== undefined) this.#desk.update(slot, now);
    return slot;
  }

  #find(key: RateKey, now: number): Slot | undefined {
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#desk.update(slot, now);
    return slot;
  }

  #refuse(key: RateKey): Promise<never> {
    return Promise.reject(this.#desk.refuse("overloaded", this.#roomAfterMs(key)));
  }

  #noRoom(key: RateKey): Decision {
    const { limit, windowMs } = this.#desk.algorithm;
    const retryAfterMs = this.#roomAfterMs(key);
    this.#desk.refuse("overloaded", retryAfterMs);
    return { allowed: false, limit, windowMs, remaining: 0, retryAfterMs, resetAfterMs: retryAfterMs };
  }

  #roomAfterMs(key: RateKey): number {
    return typeof key === "string" && key.length > this.#maxKeyLength ? Infinity : this.#slots.roomAfterMs;
  }
}
