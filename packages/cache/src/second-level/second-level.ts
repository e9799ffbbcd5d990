import type { Emitter } from "@breakwater/core";
import type { Entry } from "../entry.ts";
import type { CacheEvents } from "../events.ts";
import type { Settings } from "../options.ts";
import type { ShelfLife } from "../shelf-life.ts";
import type { Tally } from "../tally.ts";
import { Debts, type Debt } from "./debts.ts";
import type { SecondLevelSettings } from "./options.ts";
import { Reach, type Operation } from "./reach.ts";
import type { StoredText } from "./store.ts";
import { freshLeft, read, write } from "./text.ts";

/** What it needs of its cache. */
export interface SecondLevelDesk<K, V> {
  readonly settings: Settings<K, V>;
  readonly now: () => number;
  readonly life: ShelfLife<K, V>;
  readonly tally: Tally;
  readonly emitter: Emitter<CacheEvents<K, V>>;
}

/**
 * The second level as the cache sees it: it answers, or it does not, but it never fails and never takes longer than it may.
 *
 * Reads are waited for, as long as {@link Reach} allows; writes are sent in the turn in which the first level changed and waited for by
 * nobody. See {@link Debts} for writes that fail, and `text.ts` for how freshness survives between machines.
 */
export class SecondLevel<K, V> {
  readonly #desk: SecondLevelDesk<K, V>;
  readonly #settings: SecondLevelSettings<K, V>;
  readonly #reach: Reach<K>;
  readonly #debts: Debts<K>;
  /** What was written before then is not read: the cache was cleared. */
  #notBefore: number = Number.NEGATIVE_INFINITY;
  /** A store that can be read but not written is not asked again and again. */
  #payNotBefore: number = Number.NEGATIVE_INFINITY;
  #writesUnderWay = 0;
  readonly #idle: (() => void)[] = [];
  /** Tells this cache's writes from all others. */
  readonly #mark = Math.random().toString(36).slice(2);
  #writes = 0;

  constructor(desk: SecondLevelDesk<K, V>, settings: SecondLevelSettings<K, V>) {
    this.#desk = desk;
    this.#settings = settings;
    const { now, tally, emitter, settings: { clock, name } } = desk;
    this.#debts = new Debts(() => this.clear());
    this.#reach = new Reach<K>({
      ...settings,
      clock,
      now,
      name,
      failed: (operation, key, error) => this.#failed(operation, key, error),
      skipped: () => tally.add("secondLevelSkips"),
      changed: (isPaused) => {
        if (isPaused) emitter.emit("secondLevelPaused", { pauseMs: settings.pauseMs });
        else emitter.emit("secondLevelResumed", {});
      },
    });
  }

  /** Whether it is left alone after failures in a row. */
  get isPaused(): boolean {
    return this.#reach.isPaused;
  }

  /** Undefined at once where it is not asked. The promise never rejects, and is undefined where there is nothing that may be answered. */
  read(key: K): Promise<Entry<V> | undefined> | undefined {
    const address = this.#addressOf("get", key);
    if (address === undefined) return undefined;
    const debt = this.#debts.get(address);
    if (debt !== undefined) {
      if (debt.underWay === 0 && this.#desk.now() >= this.#payNotBefore) this.#send("delete", key, address);
      return undefined;
    }
    const askedAt = this.#desk.now();
    return this.#reach.attempt("get", key, () => this.#settings.store.get(address))?.then((answer) => {
      if (answer === undefined) return undefined;
      this.#payDebts();
      const entry = this.#entryOf(key, answer.value, askedAt);
      this.#desk.tally.add(entry === undefined ? "secondLevelMisses" : "secondLevelHits");
      return entry;
    });
  }

  /** @param isReplacement - what stands there is outdated by it, and must not be read even if this fails */
  write(key: K, entry: Entry<V>, isReplacement: boolean): void {
    const address = this.#addressOf("set", key);
    if (address === undefined) return;
    if (isReplacement) this.#debts.owe(address, key);
    const letter = this.#letterOf(key, entry);
    if (letter !== undefined) this.#send("set", key, address, letter);
    else if (this.#debts.get(address) !== undefined) this.#send("delete", key, address);
  }

  delete(key: K): void {
    const address = this.#addressOf("delete", key);
    if (address === undefined) return;
    this.#debts.owe(address, key);
    this.#send("delete", key, address);
  }

  /** What others put there before now this process does not read any more. */
  clear(): void {
    this.#notBefore = this.#desk.now();
  }

  /** Resolves when no write is on its way. */
  idle(): Promise<void> {
    if (this.#writesUnderWay === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  #send(operation: "set" | "delete", key: K, address: string, letter?: { readonly text: string; readonly ttlMs: number }): void {
    const { store } = this.#settings;
    const debt = this.#debts.get(address);
    const sent = this.#reach.attempt<unknown>(operation, key, () =>
      letter === undefined ? store.delete(address) : store.set(address, letter.text, letter.ttlMs),
    );
    if (sent === undefined) return;
    if (debt !== undefined) debt.underWay += 1;
    this.#writesUnderWay += 1;
    void sent.then((answer) => this.#sent(address, debt, answer !== undefined));
  }

  #sent(address: string, debt: Debt<K> | undefined, isConfirmed: boolean): void {
    if (debt !== undefined) {
      debt.underWay -= 1;
      if (isConfirmed) this.#debts.pay(address, debt);
      else this.#payNotBefore = this.#desk.now() + this.#settings.pauseMs;
    }
    if (isConfirmed) this.#payDebts();
    this.#writesUnderWay -= 1;
    if (this.#writesUnderWay > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** It answers, so it can be told what it missed. */
  #payDebts(): void {
    if (this.#debts.size === 0 || this.#desk.now() < this.#payNotBefore) return;
    for (const [address, { key }] of this.#debts.due()) this.#send("delete", key, address);
  }

  #addressOf(operation: Operation, key: K): string | undefined {
    try {
      const text: unknown = this.#settings.keyOf(key); // a function of the user's
      if (typeof text !== "string") throw new TypeError(`secondLevel.keyOf must answer a string, got ${typeof text}`);
      return this.#settings.prefix + text;
    } catch (error) {
      this.#failed(operation, key, error);
      return undefined;
    }
  }

  #letterOf(key: K, entry: Entry<V>): { readonly text: string; readonly ttlMs: number } | undefined {
    const { freshUntil, usableUntil, loadMs } = entry;
    const freshMs = Math.max(freshUntil - this.#desk.now(), 0);
    try {
      const body: unknown = this.#settings.serialize(entry.value); // a function of the user's
      if (typeof body !== "string") throw new TypeError(`secondLevel.serialize must answer a string, got ${typeof body}`);
      this.#writes += 1;
      entry.stamp = `${this.#mark}-${this.#writes}`;
      const letter = write({ stamp: entry.stamp, freshMs, afterMs: freshMs === Infinity ? 0 : usableUntil - freshUntil, loadMs, body });
      return letter.ttlMs > 0 ? letter : undefined;
    } catch (error) {
      this.#failed("set", key, error);
      return undefined;
    }
  }

  #entryOf(key: K, stored: StoredText | undefined, askedAt: number): Entry<V> | undefined {
    if (stored === undefined) return undefined;
    try {
      const letter = read(stored.text);
      const leftMs = freshLeft(letter, stored.remainingMs);
      if (leftMs === undefined) return undefined;
      // By the moment of asking and not of the answer: rather too old than too fresh. What never ends cannot tell its age.
      const writtenAt = leftMs === Infinity ? undefined : askedAt + leftMs - letter.freshMs;
      if (this.#notBefore > -Infinity && (writtenAt === undefined || writtenAt <= this.#notBefore)) return undefined;
      const { loadMs, stamp } = letter;
      const value = this.#settings.deserialize(letter.body);
      return this.#desk.life.ofStored(value, { writtenAt, freshUntil: askedAt + leftMs, loadMs, stamp }, this.#desk.now());
    } catch (error) {
      this.#failed("get", key, error);
      return undefined;
    }
  }

  #failed(operation: Operation, key: K, error: unknown): void {
    const { tally, emitter } = this.#desk;
    tally.add("secondLevelFailures");
    if (emitter.has("secondLevelFailed")) emitter.emit("secondLevelFailed", { operation, key, error });
  }
}
