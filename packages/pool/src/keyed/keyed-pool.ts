import {
  Emitter,
  Fifo,
  checkFunction,
  checkNumber,
  describeLayer,
  noCall,
  type Call,
  type Provider,
  type Unsubscribe,
} from "@breakwater/core";
import type { Lease } from "../borrowing/lease.ts";
import { PoolClosedError } from "../errors.ts";
import type { CloseReport, PoolEvents } from "../events.ts";
import { readOptions, type AcquireOptions, type CloseOptions, type PoolOptions, type UseOptions } from "../options.ts";
import { Pool } from "../pool.ts";
import type { PoolStats } from "../stats.ts";
import { Cleaner } from "./cleaner.ts";
import { KeyedEntry } from "./entry.ts";
import { meterOfAll, readKeyedOptions, type KeyedPoolOptions, type KeyedPoolSettings } from "./options.ts";
import type { KeyedPoolStats } from "./stats.ts";
import { showSums } from "./sums.ts";
import { Share, Total } from "./total.ts";

/** What a pool says, with its key. */
export type KeyedPoolEvents<R> = {
  readonly [Type in Exclude<keyof PoolEvents<R>, "closed">]: PoolEvents<R>[Type] & { readonly key: string };
};

const eventTypes = [
  "created",
  "createFailed",
  "recovered",
  "validateFailed",
  "resetFailed",
  "destroyed",
  "destroyFailed",
  "slowAcquire",
  "leaked",
  "unleaked",
  "nestedAcquire",
] as const satisfies readonly (keyof KeyedPoolEvents<unknown>)[];

/**
 * A pool for each key, an origin or a tenant, made when it is first asked for and forgotten when it is empty; and a limit over all of
 * them. A key's resources that lie idle make room for another key's callers, the longest unused first.
 */
export class KeyedPool<R> {
  readonly name: string | undefined;
  readonly #settings: KeyedPoolSettings<R>;
  readonly #entries = new Map<string, KeyedEntry<R>>();
  /** The one used longest ago first. */
  readonly #order = new Fifo<KeyedEntry<R>>();
  readonly #total: Total;
  readonly #cleaner: Cleaner<R>;
  readonly #events = new Emitter<KeyedPoolEvents<R>>();
  readonly #hideSums: () => void;
  #isClosing = false;
  #closed: Promise<CloseReport> | undefined = undefined;

  /** @throws TypeError or RangeError naming the option and its value. */
  constructor(options: KeyedPoolOptions<R>) {
    const settings = (this.#settings = readKeyedOptions(options));
    const { clock, maxTotal, meter, name } = settings;
    const { retryMaxMs } = readOptions(this.#optionsOf("")); // checks the rest
    this.name = name;
    this.#total = new Total({ max: maxTotal, clock, pools: () => [...this.#order].map(({ share }) => share) });
    this.#cleaner = new Cleaner(clock, retryMaxMs, this.#entries, (entry) => this.#forget(entry));
    this.#hideSums = showSums(meter, name, maxTotal, () => this.stats);
  }

  /** See {@link Pool.acquire}. */
  acquire(key: string, options?: AcquireOptions): Promise<Lease<R>> {
    return this.#ask(key, (pool) => pool.acquire(options));
  }

  /** See {@link Pool.tryAcquire}. */
  tryAcquire(key: string): Lease<R> | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#used(entry).tryAcquire();
  }

  /** See {@link Pool.use}. */
  use<T>(key: string, work: (resource: R, call: Call) => T | PromiseLike<T>, call?: UseOptions): Promise<T> {
    return this.#ask(key, (pool) => pool.use(work, call));
  }

  /** A layer that hands `call.lease` inward, of the key that `keyOf` makes of input and call. */
  layer<Input, Needs extends Call>(keyOf: (input: Input, call: Needs) => string): Provider<{ readonly lease: Lease<R> }, Needs, Input> {
    checkFunction("keyOf", keyOf);
    // An async function, for keyOf may throw. JavaScript may leave the call out.
    const layer: Provider<{ readonly lease: Lease<R> }, Needs, Input> = (next) => async (input, call = noCall as typeof call) =>
      this.#ask(keyOf(input, call), (pool) => pool.layer(next)(input, call));
    return describeLayer(layer, { kind: "keyed-pool", name: this.name });
  }

  /** Renews the pool of this key, or of all: see {@link Pool.clear}. */
  clear(key?: string): void {
    for (const entry of key === undefined ? [...this.#order] : [this.#entries.get(key)]) entry?.pool.clear();
  }

  /** Ends all of them: see {@link Pool.close}. The report is the sum. A second close joins the first, and may hasten it. */
  async close({ graceMs = 10_000 }: CloseOptions = {}): Promise<CloseReport> {
    checkNumber("graceMs", graceMs);
    this.#isClosing = true; // before functions of the user's are called, which may ask for a key
    const reports = [...this.#order].map(({ pool }) => pool.close({ graceMs }));
    this.#closed ??= this.#end(reports);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get stats(): KeyedPoolStats {
    const sum = { keys: this.#entries.size, keysDown: 0, size: 0, idle: 0, busy: 0, waiting: 0 };
    for (const { pool } of this.#order) {
      const { idle, busy, isDown, size, waiting } = pool.stats;
      sum.keysDown += isDown ? 1 : 0;
      sum.size += size;
      sum.idle += idle;
      sum.busy += busy;
      sum.waiting += waiting;
    }
    return sum;
  }

  /** Of this key's pool; undefined when it has none. */
  statsOf(key: string): PoolStats | undefined {
    return this.#entries.get(key)?.pool.stats;
  }

  /** Events of all keys. The answer unsubscribes. A listener that throws becomes a process warning. */
  on<Type extends keyof KeyedPoolEvents<R>>(type: Type, listener: (event: KeyedPoolEvents<R>[Type]) => void): Unsubscribe {
    const unsubscribe = this.#events.on(type, listener);
    for (const entry of this.#order) this.#relay(entry, type);
    return () => {
      unsubscribe();
      if (this.#events.has(type)) return;
      for (const { relays } of this.#order) {
        relays.get(type)?.();
        relays.delete(type);
      }
    };
  }

  /** An acquire that fails may leave its key empty. */
  async #ask<T>(key: string, act: (pool: Pool<R>) => Promise<T>): Promise<T> {
    if (this.#isClosing) throw new PoolClosedError(this.name);
    const entry = this.#entries.get(key) ?? this.#make(key);
    try {
      return await act(this.#used(entry));
    } catch (error) {
      this.#cleaner.look(entry);
      throw error;
    }
  }

  #used(entry: KeyedEntry<R>): Pool<R> {
    if (this.#order.peekNewest() !== entry) {
      this.#order.remove(entry);
      this.#order.push(entry);
    }
    return entry.pool;
  }

  #make(key: string): KeyedEntry<R> {
    const share = new Share(this.#total, () => this.#cleaner.look(entry));
    const entry = new KeyedEntry<R>(key, new Pool<R>(this.#optionsOf(key), share), share);
    this.#entries.set(key, entry);
    this.#order.push(entry);
    for (const type of eventTypes) if (this.#events.has(type)) this.#relay(entry, type);
    return entry;
  }

  #forget(entry: KeyedEntry<R>): void {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    this.#order.remove(entry);
    this.#total.leave(entry.share);
    void entry.pool.close(); // it is empty: this ends its timers
  }

  #optionsOf(key: string): PoolOptions<R> {
    const { clock, meter, name, options } = this.#settings;
    const named = name === undefined ? key : `${name} ${key}`;
    return { ...options, min: 0, name: named, clock, meter: meterOfAll(meter, name), create: (context) => options.create(key, context) };
  }

  /** Only what somebody hears: a failed destroy that nobody listens for is a warning. */
  #relay({ key, pool, relays }: KeyedEntry<R>, type: keyof KeyedPoolEvents<R>): void {
    if (!relays.has(type)) relays.set(type, pool.on(type, (event) => this.#events.emit(type, { ...event, key })));
  }

  async #end(reports: readonly Promise<CloseReport>[]): Promise<CloseReport> {
    const sum = { revoked: 0, abandoned: 0, destroyFailures: 0 };
    for (const report of await Promise.all(reports)) {
      sum.revoked += report.revoked;
      sum.abandoned += report.abandoned;
      sum.destroyFailures += report.destroyFailures;
    }
    this.#cleaner.stop();
    this.#hideSums();
    for (const entry of [...this.#order]) this.#forget(entry);
    return sum;
  }
}
