import {
  Emitter,
  checkFunction,
  checkNumber,
  describeLayer,
  noCall,
  type Call,
  type GuardFor,
  type Service,
  type Unsubscribe,
  type Work,
} from "@breakwater/core";
import { LimiterRejectedError } from "../errors.ts";
import type { LimiterEvents } from "../events.ts";
import { FixedLimiter } from "../fixed-limiter.ts";
import {
  readOptions,
  type AcquireOptions,
  type ConcurrencyLimiterOptions,
  type RunOptions,
  type Settings,
} from "../options.ts";
import type { Permit } from "../permit.ts";
import { Semaphore } from "../semaphore.ts";

/** Identifies whom a limit is for, compared as the keys of a `Map` are. */
export type LimiterKey = string | number | bigint | symbol | object;

export interface KeyedLimiterOptions extends Omit<ConcurrencyLimiterOptions, "meter"> {
  /** How many keys may be in use at a time; a call for one more is refused. A whole number from 1. Default 100,000. */
  readonly maxKeys?: number | undefined;
}

export interface KeyedLimiterStats {
  /** Keys in use: somebody holds a permit of theirs, or waits for one. */
  readonly keys: number;
  readonly inUse: number;
  readonly waiting: number;
  readonly rejected: number;
}

class KeyLimiter extends FixedLimiter {
  /** Calls of ours that are going on in it: while there are any it is not idle, whatever it counts. */
  calls = 0;

  constructor(settings: Settings, emptied: (limiter: KeyLimiter) => void) {
    super(settings, (options) => new Semaphore({ ...options, emptied: () => emptied(this) }));
  }
}

// Enough for the keys that come and go at any moment; the rest is made anew.
const spareLimiters = 64;

/**
 * A limit of concurrency for each key: so many at a time for each tenant, host or file.
 *
 * A key has an entry from its first permit, or wait, to its last release, and none when idle: an idle limiter is like a new
 * one, so nothing is forgotten. That leaves nothing to expire, hence no timer, and the number of entries is never above
 * what is in use and waits. Limiters that became idle are kept, a few, and serve the next key.
 */
export class KeyedLimiter {
  readonly name: string | undefined;
  readonly #settings: Settings;
  readonly #maxKeys: number;
  readonly #limiters = new Map<LimiterKey, KeyLimiter>();
  readonly #keys = new Map<KeyLimiter, LimiterKey>();
  readonly #spare: KeyLimiter[] = [];
  readonly #events = new Emitter<Pick<LimiterEvents, "rejected">>();
  #rejected = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: KeyedLimiterOptions) {
    const { maxKeys = 100_000, name } = options;
    this.#maxKeys = checkNumber("maxKeys", maxKeys, { min: 1, integer: true });
    this.#settings = readOptions(options.limit, options);
    this.name = name;
  }

  get stats(): KeyedLimiterStats {
    let inUse = 0;
    let waiting = 0;
    for (const limiter of this.#limiters.values()) {
      inUse += limiter.inUse;
      waiting += limiter.waiting;
    }
    return { keys: this.#limiters.size, inUse, waiting, rejected: this.#rejected };
  }

  /** What is in use of the key's limit. */
  inUse(key: LimiterKey): number {
    return this.#limiters.get(key)?.inUse ?? 0;
  }

  on(type: "rejected", listener: (event: LimiterEvents["rejected"]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** A permit of the key's, or undefined. See {@link Limiter.tryAcquire}. */
  tryAcquire(key: LimiterKey, options?: RunOptions): Permit | undefined {
    const limiter = this.#enter(key);
    if (limiter === undefined) return undefined;
    try {
      return limiter.tryAcquire(options);
    } finally {
      this.#leave(limiter);
    }
  }

  /** See {@link Limiter.acquire}. */
  acquire(key: LimiterKey, options?: AcquireOptions): Promise<Permit> {
    const limiter = this.#enter(key);
    if (limiter === undefined) return this.#refuse();
    const permit = limiter.acquire(options);
    this.#leave(limiter);
    return permit;
  }

  /** See {@link Limiter.run}. */
  run<T>(key: LimiterKey, work: Work<T>, call: Call = noCall, options?: RunOptions): Promise<T> {
    const limiter = this.#enter(key);
    if (limiter === undefined) return this.#refuse();
    const result = limiter.run(work, call, options);
    this.#leave(limiter);
    return result;
  }

  /** A layer that limits by what `keyOf` makes of input and call. */
  layer<Input, Needs extends Call>(keyOf: (input: Input, call: Needs) => LimiterKey): GuardFor<Input, Needs> {
    checkFunction("keyOf", keyOf);
    // An async function, for keyOf may throw. JavaScript may leave the call out.
    const layer: GuardFor<Input, Needs> = <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>) =>
      async (input: In, call: C = noCall as C): Promise<Out> => this.run(keyOf(input, call), () => next(input, call), call);
    return describeLayer(layer, { kind: "keyed-limiter", name: this.name });
  }

  #enter(key: LimiterKey): KeyLimiter | undefined {
    let limiter = this.#limiters.get(key);
    if (limiter === undefined) {
      if (this.#limiters.size >= this.#maxKeys) return undefined;
      limiter = this.#spare.pop() ?? this.#make();
      this.#limiters.set(key, limiter);
      this.#keys.set(limiter, key);
    }
    limiter.calls += 1;
    return limiter;
  }

  #leave(limiter: KeyLimiter): void {
    limiter.calls -= 1;
    this.#dropIfIdle(limiter);
  }

  #make(): KeyLimiter {
    const limiter = new KeyLimiter(this.#settings, (idle) => this.#dropIfIdle(idle));
    limiter.on("rejected", (event) => {
      this.#rejected += 1;
      this.#events.emit("rejected", event);
    });
    return limiter;
  }

  #dropIfIdle(limiter: KeyLimiter): void {
    if (limiter.calls > 0 || limiter.inUse > 0 || limiter.waiting > 0) return;
    const key = this.#keys.get(limiter);
    if (key === undefined) return;
    this.#keys.delete(limiter);
    this.#limiters.delete(key);
    if (this.#spare.length < spareLimiters) this.#spare.push(limiter);
  }

  #refuse(): Promise<never> {
    const { name } = this.#settings;
    const message = `limiter${name === undefined ? "" : ` ${name}`} has ${this.#maxKeys} keys in use, and takes no other`;
    const error = new LimiterRejectedError(message, { reason: "overloaded", limit: this.#maxKeys, source: name });
    this.#rejected += 1;
    if (this.#events.has("rejected")) this.#events.emit("rejected", { reason: "overloaded", error });
    return Promise.reject(error);
  }
}
