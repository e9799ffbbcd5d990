import { Emitter, checkFunction, checkNumber, describeLayer, noCall, type Call, type GuardFor, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import { Breaker } from "../breaker.ts";
import { BreakerGate } from "../breaker-gate.ts";
import type { BreakerEvents } from "../events.ts";
import type { BreakerHealth } from "../health.ts";
import { readOptions, type BreakerOptions, type Relay, type Settings } from "../options.ts";
import type { BreakerPermit } from "../permit.ts";
import { BreakerStore } from "./breaker-store.ts";

export interface KeyedBreakerOptions<Result = unknown> extends Omit<BreakerOptions<Result>, "snapshot"> {
  /** How many breakers are kept: a whole number from 1. Default 10,000. */
  readonly maxKeys?: number | undefined;
  /**
   * After how long without a call a breaker that has failures, but is not open, may be forgotten like one that has none, in ms.
   * Default an hour. Infinity keeps it for ever, and hosts that are gone keep their places.
   */
  readonly forgetAfterMs?: number | undefined;
  /**
   * What is otherwise for this key, asked once when its breaker is made; undefined for nothing, as is an option that is undefined.
   * `meter`, `clock` and `name` stay. What it throws, and an error about a wrong option, goes to whoever made the breaker be made:
   * `run` and services of `layer` reject with it, `get` and `tryAcquire` throw it.
   */
  readonly optionsFor?: ((key: string) => KeyOptions<Result> | undefined) | undefined;
}

/** What may differ from key to key. */
export type KeyOptions<Result = unknown> = Omit<BreakerOptions<Result>, "name" | "meter" | "clock" | "snapshot">;

/** What a breaker says, with its key; and what becomes of breakers. */
export type KeyedBreakerEvents = {
  readonly [Type in keyof BreakerEvents]: BreakerEvents[Type] & { readonly key: string };
} & {
  /** A breaker was forgotten to make room. */
  readonly evicted: { readonly key: string };
  /** No room could be made: what goes on under this key now is not remembered. */
  readonly overflowed: { readonly key: string };
};

export interface KeyedBreakerStats {
  /** Breakers that are kept. */
  readonly keys: number;
  /** How many of them refuse now. */
  readonly open: number;
  readonly evictions: number;
  /** How often a key found no room. */
  readonly overflows: number;
}

/**
 * A breaker for each key, an origin or a tenant, made when it is first asked for.
 *
 * At most `maxKeys` are kept. The least recently used goes first, but only if forgetting it loses nothing: closed, without a
 * failure in its window, nobody's hand on it alone. How its running calls end is not remembered. So made-up keys cannot flush the
 * ones that keep a dead host away. If no room can be made a key gets a breaker that is not kept.
 *
 * All share what their options come to, their measurements too: one series for all keys, not one for each.
 */
export class KeyedBreaker<Result = unknown> {
  readonly name: string | undefined;
  readonly #options: BreakerOptions<Result>;
  readonly #optionsFor: ((key: string) => KeyOptions<Result> | undefined) | undefined;
  readonly #settings: Settings;
  readonly #store: BreakerStore<Breaker<Result>>;
  readonly #events = new Emitter<KeyedBreakerEvents>();

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: KeyedBreakerOptions<Result> = {}) {
    const { maxKeys = 10_000, forgetAfterMs = 3_600_000, optionsFor, ...shared } = options;
    if (optionsFor !== undefined) checkFunction("optionsFor", optionsFor);
    checkNumber("maxKeys", maxKeys, { min: 1, integer: true });
    checkNumber("forgetAfterMs", forgetAfterMs);
    this.#options = shared;
    this.#optionsFor = optionsFor;
    this.#settings = { ...readOptions(this.#options), relay: this.#relay };
    this.name = shared.name;
    this.#store = new BreakerStore({ maxKeys, forgetAfterMs, now: this.#settings.rules.now });
    this.#settings.measures?.observeKeys(this.#settings.meter, this.#store);
  }

  get stats(): KeyedBreakerStats {
    const { size: keys, open, evictions, overflows } = this.#store;
    return { keys, open, evictions, overflows };
  }

  /** DEGRADED when some refuse: the others still answer. */
  get health(): BreakerHealth {
    const { open, size } = this.#store;
    const breakers = this.name === undefined ? "breakers" : `breakers ${this.name}`;
    return { status: open === 0 ? "HEALTHY" : "DEGRADED", reason: `${breakers}: ${open} of ${size} are open` };
  }

  /**
   * The key's breaker. Asking makes it the most recently used.
   *
   * @throws whatever `optionsFor` throws, and TypeError or RangeError about what it answers, when the breaker has to be made.
   */
  get(key: string): Breaker<Result> {
    return this.#store.use(key) ?? this.#make(key);
  }

  /** The same if there is one, without making or using it. */
  peek(key: string): Breaker<Result> | undefined {
    return this.#store.peek(key);
  }

  /** Forgets the key's breaker, whatever its state. False when there is none. */
  delete(key: string): boolean {
    return this.#store.delete(key);
  }

  /** Those that are kept now, the least recently used first; what happens during the walk changes nothing about it. */
  [Symbol.iterator](): IterableIterator<readonly [key: string, breaker: Breaker<Result>]> {
    return this.#store.entries();
  }

  /** Events of all breakers, with the key. */
  on<Type extends keyof KeyedBreakerEvents>(type: Type, listener: (event: KeyedBreakerEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /**
   * See {@link Breaker.tryAcquire}.
   *
   * @throws as `get` does.
   */
  tryAcquire(key: string): BreakerPermit | undefined {
    return this.get(key).tryAcquire();
  }

  /** See {@link Breaker.run}. */
  run<T extends Result>(key: string, work: Work<T>, call: Call = noCall): Promise<T> {
    try {
      return this.get(key).run(work, call);
    } catch (error) {
      return Promise.reject(error); // optionsFor is foreign code
    }
  }

  /** A layer that guards by what `keyOf` makes of input and call. */
  layer<Input, Needs extends Call>(keyOf: (input: Input, call: Needs) => string): GuardFor<Input, Needs, Result> {
    checkFunction("keyOf", keyOf);
    // An async function, for keyOf may throw.
    // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
    const layer: GuardFor<Input, Needs, Result> = <In extends Input, Out extends Result, C extends Needs>(next: Service<In, Out, C>) =>
      async (input: In, call: C = noCall as C): Promise<Out> => this.get(keyOf(input, call)).run(() => next(input, call), call);
    return describeLayer(layer, { kind: "keyed-breaker", name: this.name });
  }

  #make(key: string): Breaker<Result> {
    const made = new Breaker(this.#options, new BreakerGate(this.#settingsFor(key), key));
    const { breaker, isKept, evicted } = this.#store.add(key, made);
    if (evicted !== undefined) this.#events.emit("evicted", { key: evicted });
    if (!isKept) this.#events.emit("overflowed", { key });
    return breaker;
  }

  #settingsFor(key: string): Settings {
    const own = this.#optionsFor?.(key);
    if (own === undefined) return this.#settings;
    const given: unknown = own; // JavaScript callers may answer anything
    if (typeof given !== "object" || given === null) throw new TypeError(`optionsFor must answer options or undefined, got ${String(given)}`);
    const { clock, name } = this.#options;
    const { meter, measures, relay, rules } = this.#settings;
    const settings = readOptions({ ...this.#options, ...withoutUndefined(own), clock, name, meter: undefined });
    const isTimed = rules.isTimed || settings.rules.isTimed;
    return { ...settings, rules: { ...settings.rules, isTimed, now: rules.now }, meter, measures, relay };
  }

  readonly #relay: Relay = {
    has: (type) => this.#events.has(type),
    emit: (type, event, { name: key = "" }) => {
      // The event with the key is what the map says of its type; the compiler cannot follow that through two unions.
      if (this.#events.has(type)) this.#events.emit(type, { ...event, key } as KeyedBreakerEvents[typeof type]);
    },
  };
}

function withoutUndefined<Options extends object>(options: Options): Partial<Options> {
  // The same entries, less some.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Options>;
}
