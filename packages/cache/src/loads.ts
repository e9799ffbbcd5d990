import { Deadlines, widen, type Call, type Emitter } from "@breakwater/core";
import type { Entry } from "./entry.ts";
import type { CacheEvents } from "./events.ts";
import { Flight, type FlightOptions } from "./flight.ts";
import type { Settings } from "./options.ts";
import type { SecondLevel } from "./second-level/second-level.ts";
import type { ShelfLife } from "./shelf-life.ts";
import type { Store } from "./store.ts";
import type { Tally } from "./tally.ts";

/** How a value is had. A layer needs the input too, and so makes no closure for each call. */
export type Source<K, V> = (key: K, call: Call, input: unknown) => V | PromiseLike<V>;

/** What a cache and its loads share. */
export interface Desk<K, V> {
  readonly settings: Settings<K, V>;
  readonly now: () => number;
  readonly life: ShelfLife<K, V>;
  readonly store: Store<K, V>;
  readonly tally: Tally;
  readonly emitter: Emitter<CacheEvents<K, V>>;
  readonly second: SecondLevel<K, V> | undefined;
}

/** Who asks, for what, and how it is had. */
interface Request<K, V> {
  readonly key: K;
  readonly call: Call;
  readonly source: Source<K, V>;
  readonly input: unknown;
}

/**
 * What is being loaded: one flight per key. What a load brings is kept before anybody hears of it.
 *
 * With a second level a flight looks there first. What it finds is taken over if it is newer than what is kept here: fresh, it is the
 * answer; stale, it is the answer too while a refresh begins; and older than that it is there in case the load fails. A value that is
 * known already, by its stamp, is no reason not to load, or a refresh would find again what it is to replace.
 */
export class Loads<K, V> {
  readonly #desk: Desk<K, V>;
  readonly #options: FlightOptions<V>;
  readonly #flights = new Map<K, Flight<V>>();

  constructor(desk: Desk<K, V>) {
    const { clock, name, clone } = desk.settings;
    this.#desk = desk;
    this.#options = { clock, name, clone, deadlines: new Deadlines(clock) };
  }

  /** How many can be joined. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the load of the key, or begins it. */
  wait(key: K, call: Call, source: Source<K, V>, input: unknown): Promise<V> {
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      this.#desk.tally.add("shared");
      return flight.join(call);
    }
    const begun = this.#begin(key, call);
    const answer = begun.join(call); // before the load: that may make this caller leave at once
    this.#look(begun, { key, call, source, input });
    return answer;
  }

  /** Begins a load that nobody waits for, unless one is under way. */
  refresh(key: K, call: Call, source: Source<K, V>, input: unknown): void {
    if (this.#flights.has(key)) return;
    this.#desk.tally.add("refreshes");
    this.#look(this.#begin(key, undefined), { key, call, source, input });
  }

  /** The key was written: what is under way is older than that. */
  detach(key: K): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.isDetached = true;
    this.#flights.delete(key);
  }

  detachAll(): void {
    for (const key of this.#flights.keys()) this.detach(key);
  }

  #begin(key: K, first: Call | undefined): Flight<V> {
    const flight = new Flight<V>(this.#options, first, (isAborted) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      if (isAborted && flight.isLoading) this.#desk.tally.add("loadsAborted");
    });
    this.#flights.set(key, flight);
    return flight;
  }

  /** In the second level, if that is asked now; else it loads in this turn. */
  #look(flight: Flight<V>, request: Request<K, V>): void {
    const reading = this.#desk.second?.read(request.key);
    if (reading === undefined) this.#load(flight, request);
    else void reading.then((found) => this.#found(flight, request, found)); // neither of the two rejects or throws
  }

  #found(flight: Flight<V>, request: Request<K, V>, found: Entry<V> | undefined): void {
    if (flight.isOver) return; // nobody waits any more
    const { key } = request;
    const now = this.#desk.now();
    const kept = this.#desk.store.peek(key);
    if (flight.isDetached && kept !== undefined && !kept.isError && now < kept.freshUntil) {
      flight.answer(kept.value); // it was set during the look
      return;
    }
    if (found === undefined || !isNews(found, kept)) {
      this.#load(flight, request);
      return;
    }
    if (!flight.isDetached) this.#desk.store.put(key, found);
    if (now >= found.freshUntil && (flight.isRefresh || now >= found.staleUntil)) {
      this.#load(flight, request);
      return;
    }
    flight.answer(found.value);
    if (now < found.freshUntil || flight.isDetached || this.#flights.has(key)) return;
    this.#desk.tally.add("refreshes");
    this.#load(this.#begin(key, undefined), request); // without another look: it would find the same
  }

  #load(flight: Flight<V>, { key, call, source, input }: Request<K, V>): void {
    const beganAt = this.#desk.now();
    flight.isLoading = true;
    this.#desk.tally.add("loads");
    try {
      Promise.resolve(source(key, callOf(flight, call), input)).then(
        (value) => this.#loaded(flight, key, value, beganAt),
        (error: unknown) => this.#failed(flight, key, error),
      );
    } catch (error) {
      this.#failed(flight, key, error);
    }
  }

  #loaded(flight: Flight<V>, key: K, value: V, beganAt: number): void {
    if (flight.isOver) return; // nobody waited any more, and somebody else may have begun anew
    const { settings, life, emitter } = this.#desk;
    const now = this.#desk.now();
    const durationMs = now - beganAt;
    try {
      const own = settings.clone === undefined ? value : settings.clone(value);
      this.#keep(flight, key, life.ofValue(own, now, durationMs));
    } catch (error) {
      this.#failed(flight, key, error); // of `clone`
      return;
    }
    flight.answer(value);
    if (emitter.has("loaded")) emitter.emit("loaded", { key, value, durationMs, isRefresh: flight.isRefresh });
  }

  #failed(flight: Flight<V>, key: K, error: unknown): void {
    if (flight.isOver) return;
    const { life, emitter } = this.#desk;
    this.#desk.tally.add("loadErrors");
    if (life.saysNone(error)) {
      this.#keep(flight, key, life.ofError(error, this.#desk.now()));
      flight.refuse(error);
    } else {
      this.#fallBack(flight, key, error);
    }
    if (emitter.has("loadFailed")) emitter.emit("loadFailed", { key, error, isRefresh: flight.isRefresh });
  }

  /** Those who wait get the old value if there is one that may still be answered. */
  #fallBack(flight: Flight<V>, key: K, error: unknown): void {
    const { life, store, tally, emitter } = this.#desk;
    const now = this.#desk.now();
    const entry = store.peek(key);
    if (entry === undefined || entry.isError || now >= entry.usableUntil) {
      flight.refuse(error);
      return;
    }
    if (!flight.isDetached) life.backOff(entry, now);
    const callers = flight.answer(entry.value);
    if (callers === 0) return;
    tally.add("staleOnError", callers);
    if (emitter.has("staleServed")) emitter.emit("staleServed", { key, error, callers });
  }

  #keep(flight: Flight<V>, key: K, entry: Entry<V> | undefined): void {
    if (!flight.isDetached) keep(this.#desk, key, entry, false);
  }
}

/**
 * In both levels. An error that is kept stays in this process, for no copy of it would be the same; what the second level has is gone then.
 *
 * @param entry - undefined if it is not to be kept, nor what was there before
 * @param isReplacement - what others have is outdated by it, as it is not by a mere load
 */
export function keep<K, V>({ store, second }: Desk<K, V>, key: K, entry: Entry<V> | undefined, isReplacement: boolean): void {
  if (entry === undefined || entry.isError) second?.delete(key);
  else second?.write(key, entry, isReplacement);
  if (entry === undefined) store.delete(key);
  else store.put(key, entry);
}

function isNews(found: Entry<unknown>, kept: Entry<unknown> | undefined): boolean {
  return kept === undefined || (kept.stamp !== found.stamp && kept.freshUntil < found.freshUntil);
}

/** With the flight's signal instead of the caller's, and without a deadline: nobody's is that of the others. */
function callOf({ signal }: { readonly signal: AbortSignal | undefined }, call: Call): Call {
  return signal === undefined ? call : widen(call, { signal, deadlineAt: undefined });
}
