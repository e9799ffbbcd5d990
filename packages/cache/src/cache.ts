import { describeLayer, Emitter, noCall, noopMeter, type Call, type Clock, type Service, type Unsubscribe } from "@breakwater/core";
import type { Entry } from "./entry.ts";
import { CacheExpiredError } from "./errors.ts";
import type { CacheEvents } from "./events.ts";
import type { CacheLayer } from "./layer.ts";
import { keep, Loads, type Desk, type Source } from "./loads.ts";
import { readOptions, type CacheOptions, type Load, type Settings } from "./options.ts";
import { SecondLevel } from "./second-level/second-level.ts";
import { ShelfLife } from "./shelf-life.ts";
import type { CacheStats } from "./stats.ts";
import { Store } from "./store.ts";
import { Tally } from "./tally.ts";

/**
 * Values by key, read through: what is fresh is answered from memory, and what is not is loaded once however many ask.
 *
 * Values are shared: all callers get the same reference unless `clone` is given. A load that asks the same cache for its own key
 * waits for itself.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export class Cache<K = string, V = unknown> {
  readonly name: string | undefined;
  readonly #settings: Settings<K, V>;
  readonly #desk: Desk<K, V>;
  readonly #now: () => number;
  /** For freshness on the hot path, where reading the system's clock would cost more than all the rest. */
  readonly #quickNow: () => number;
  readonly #life: ShelfLife<K, V>;
  readonly #store: Store<K, V>;
  readonly #tally: Tally;
  readonly #emitter = new Emitter<CacheEvents<K, V>>();
  readonly #loads: Loads<K, V>;

  constructor(options: CacheOptions<K, V>) {
    const settings = readOptions(options);
    this.#settings = settings;
    this.name = settings.name;
    this.#now = forward(settings.clock);
    this.#quickNow = settings.quickClock === settings.clock ? this.#now : forward(settings.quickClock);
    this.#life = new ShelfLife(settings);
    this.#tally = new Tally(settings.meter, settings.name);
    this.#store = new Store(settings, (key, reason) => {
      this.#tally.add("evictions");
      if (this.#emitter.has("evicted")) this.#emitter.emit("evicted", { key, reason });
    });
    const desk = { settings, now: this.#now, life: this.#life, store: this.#store, tally: this.#tally, emitter: this.#emitter };
    const { secondLevel } = settings;
    this.#desk = { ...desk, second: secondLevel === undefined ? undefined : new SecondLevel(desk, secondLevel) };
    this.#loads = new Loads(this.#desk);
    this.#observe();
  }

  /**
   * The value of the key, from memory or from a load. Each caller leaves alone, by its own abort or deadline; the load is aborted
   * when the last has left.
   *
   * @param load - instead of the cache's own. Of several at the same time the first one's is used
   * @throws CacheExpiredError (`ERR_CACHE_EXPIRED`) if the deadline has passed already, CacheTimeoutError (`ERR_CACHE_TIMEOUT`) if
   * it passes meanwhile, the signal's own reason, and the load's own errors; TypeError if there is no load.
   */
  get(key: K, call?: Call): Promise<V>;
  get(key: K, load: Load<K, V>, call?: Call): Promise<V>;
  get(key: K, loadOrCall?: Load<K, V> | Call, call?: Call): Promise<V> {
    if (typeof loadOrCall === "function") return this.#ask(key, call ?? noCall, loadOrCall, undefined);
    const { load } = this.#settings;
    if (load === undefined) return Promise.reject(new TypeError("load must be given to the cache or to get, got undefined"));
    return this.#ask(key, loadOrCall ?? call ?? noCall, load, undefined);
  }

  /** What `get` would answer from memory, fresh or stale; undefined where there is none. Loads and counts nothing. */
  peek(key: K): V | undefined {
    const entry = this.#store.peek(key);
    if (entry === undefined || entry.isError || !this.#isGoodEnough(entry, this.#now())) return undefined;
    return this.#copied(entry.value);
  }

  /** Keeps a value as if it had just been loaded, in both levels. A load that is under way does not replace it. */
  set(key: K, value: V): void {
    const entry = this.#life.ofValue(this.#copied(value), this.#now(), 0);
    this.#loads.detach(key);
    keep(this.#desk, key, entry, true);
  }

  /** Forgets the key, in both levels; what a load that is under way brings is not kept, and nobody joins it. Answers whether there was something. */
  delete(key: K): boolean {
    this.#loads.detach(key);
    this.#desk.second?.delete(key);
    return this.#store.delete(key);
  }

  /**
   * Forgets all keys, as `delete` does one, in this process: what stands in the second level stays there for others, but here it is not
   * read any more.
   */
  clear(): void {
    this.#loads.detachAll();
    this.#desk.second?.clear();
    this.#store.clear();
  }

  /** Resolves when no write is on its way to the second level: before its client is closed, or before another process reads. */
  idle(): Promise<void> {
    return this.#desk.second?.idle() ?? Promise.resolve();
  }

  /**
   * A layer that answers a service's calls from this cache, and loads with the service. One cache for each service: two round
   * different services share their keys.
   *
   * @param keyOf - everything in input and call that the answer depends on, the user too where it does. Undefined for a call that is
   * not cached. What it throws, the call rejects with
   */
  layer<In, Needs extends Call = Call>(keyOf: (input: In, call: Needs) => K | undefined): CacheLayer<In, V, Needs> {
    const layer = <I extends In, C extends Needs>(next: Service<I, V, C>): Service<I, V, C> => {
      // The loads hand on the input of whoever came first, and its call with a signal of their own: both are what `next` takes.
      const source: Source<K, V> = (_, call, input) => next(input as I, call as C);
      return (input, call = noCall as C) => {
        try {
          const key = keyOf(input, call);
          return key === undefined ? next(input, call) : this.#ask(key, call, source, input);
        } catch (error) {
          return Promise.reject(error);
        }
      };
    };
    return describeLayer(layer, { kind: "cache", name: this.name, inside: ["authentication"], outside: ["pool", "keyed-pool"] });
  }

  on<Type extends keyof CacheEvents<K, V>>(type: Type, listener: (event: CacheEvents<K, V>[Type]) => void): Unsubscribe {
    return this.#emitter.on(type, listener);
  }

  get stats(): CacheStats {
    return { ...this.#tally.counts, entries: this.#store.size, bytes: this.#store.bytes, inFlight: this.#loads.size, isSecondLevelPaused: this.#desk.second?.isPaused === true };
  }

  #ask(key: K, call: Call, source: Source<K, V>, input: unknown): Promise<V> {
    const { signal, deadlineAt } = call;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#now()) return Promise.reject(new CacheExpiredError(this.name));
    const now = this.#quickNow();
    const entry = this.#store.get(key);
    if (entry !== undefined) {
      if (now < entry.freshUntil) {
        this.#tally.hit();
        if (this.#life.isEarly(entry, now)) this.#loads.refresh(key, call, source, input);
        return this.#answer(entry);
      }
      if (!entry.isError && this.#isGoodEnough(entry, now)) {
        this.#tally.add("stale");
        if (now >= entry.retryAt) this.#loads.refresh(key, call, source, input);
        return this.#answer(entry);
      }
      if (now >= entry.usableUntil) this.#store.delete(key);
    }
    this.#tally.add("misses");
    return this.#loads.wait(key, call, source, input);
  }

  /** Stale but answered at once: it is young enough, or the load that would replace it has failed just now. */
  #isGoodEnough(entry: Entry<V>, now: number): boolean {
    return now < entry.staleUntil || (now < entry.usableUntil && now < entry.retryAt);
  }

  #answer(entry: Entry<V>): Promise<V> {
    if (entry.isError) return Promise.reject(entry.error);
    if (this.#settings.clone === undefined) return Promise.resolve(entry.value);
    try {
      return Promise.resolve(this.#settings.clone(entry.value));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #copied(value: V): V {
    const { clone } = this.#settings;
    return clone === undefined ? value : clone(value);
  }

  #observe(): void {
    const { meter, name } = this.#settings;
    if (meter === noopMeter) return;
    const attributes = name === undefined ? {} : { name };
    meter.gauge("breakwater.cache.entries", () => this.#store.size, { description: "Values that are kept", unit: "{entry}", attributes });
    meter.gauge("breakwater.cache.size", () => this.#store.bytes, { description: "What they take", unit: "By", attributes });
  }
}

/** A clock that goes back, against its contract, stands still until it goes on: nothing becomes fresh again. */
function forward(clock: Clock): () => number {
  let latest = clock.now();
  return () => {
    const now = clock.now();
    if (now > latest) latest = now;
    return latest;
  };
}
