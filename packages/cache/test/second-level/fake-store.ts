import { Cache, type CacheOptions, type SecondLevelOptions, type SecondLevelStore, type StoredText } from "@breakwater/cache";
import { ManualClock } from "@breakwater/core/testing";
import { last, makeCache, type Begun } from "../helpers.ts";

interface Kept {
  readonly text: string;
  readonly endsAt: number;
}

/** A store in memory that can fail and hang, with a clock that the test moves. */
export class FakeStore implements SecondLevelStore {
  readonly texts: Map<string, Kept> = new Map<string, Kept>();
  readonly asked: string[] = [];
  mode: "up" | "down" | "hangs" = "up";
  /** Whether what fails or hangs is done all the same, as when only the answer is lost. */
  isDoneAnyway = false;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get(key: string): Promise<StoredText | undefined> {
    return this.#do(`get ${key}`, () => {
      const kept = this.texts.get(key);
      if (kept === undefined || this.#clock.now() >= kept.endsAt) return undefined;
      return { text: kept.text, remainingMs: kept.endsAt - this.#clock.now() };
    });
  }

  set(key: string, text: string, ttlMs: number): Promise<unknown> {
    return this.#do(`set ${key}`, () => this.texts.set(key, { text, endsAt: this.#clock.now() + ttlMs }));
  }

  delete(key: string): Promise<unknown> {
    return this.#do(`delete ${key}`, () => this.texts.delete(key));
  }

  #do<T>(what: string, work: () => T): Promise<T> {
    this.asked.push(what);
    if (this.mode === "up") return Promise.resolve(work());
    if (this.isDoneAnyway) work();
    return this.mode === "down" ? Promise.reject(new Error("store down")) : new Promise(() => undefined);
  }
}

export interface TwoLevels<V> {
  readonly cache: Cache<string, V>;
  readonly clock: ManualClock;
  readonly store: FakeStore;
  readonly begun: Begun<string, V>[];
  /** Another process with the same store. */
  another(options?: Partial<CacheOptions<string, V>>, second?: Partial<SecondLevelOptions<string, V>>): TwoLevels<V>;
}

/** Waits 50 ms for the store, and leaves it alone for 1000 ms after 3 failures. */
export function twoLevels<V = unknown>(
  options: Partial<CacheOptions<string, V>> = {},
  second: Partial<SecondLevelOptions<string, V>> = {},
  shared?: Pick<TwoLevels<V>, "clock" | "store">,
): TwoLevels<V> {
  const clock = shared?.clock ?? new ManualClock(1_000);
  const store = shared?.store ?? new FakeStore(clock);
  const secondLevel = { store, prefix: "p", failureThreshold: 3, ...second };
  const { cache, begun } = makeCache<V>({ clock, secondLevel, ...options });
  return { cache, clock, store, begun, another: (own = {}, ownSecond = {}) => twoLevels({ ...options, ...own }, { ...second, ...ownSecond }, { clock, store }) };
}

/** Loads the key, and waits until the store has it. */
export async function loadInto<V>({ cache, begun }: TwoLevels<V>, key: string, value: V): Promise<void> {
  const before = begun.length;
  const answer = cache.get(key);
  while (begun.length === before) await Promise.resolve();
  last(begun).resolve(value);
  await answer;
  await cache.idle();
}
