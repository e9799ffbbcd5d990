import { WaitLine, Waiter, type Call, type Clock, type Deadlines } from "@breakwater/core";
import { CacheTimeoutError } from "./errors.ts";

/** What the flights of a cache have in common. */
export interface FlightOptions<V> {
  readonly clock: Clock;
  /** One timer for all who wait. */
  readonly deadlines: Deadlines;
  readonly name: string | undefined;
  /** Each who waits gets a copy of its own. */
  readonly clone: ((value: V) => V) | undefined;
}

/** One who waits for the load, or all who cannot leave. */
class Sharer<V> extends Waiter {
  readonly resolve: (value: V) => void;
  readonly refuse: (error: unknown) => void;
  callers = 1;

  constructor({ signal, deadlineAt }: Call, resolve: (value: V) => void, refuse: (error: unknown) => void) {
    super(signal, deadlineAt);
    this.resolve = resolve;
    this.refuse = refuse;
  }
}

/**
 * One load of one key, and all who wait for it.
 *
 * Who can leave waits by a promise of its own, and so leaves alone, by its signal or its deadline; all others share one. When the last has left, the load is
 * aborted with that one's reason, and the flight is over at once: whoever comes next begins anew instead of joining what is
 * being stopped. A refresh begins with nobody who waits, and so nobody's leaving ends it. Whoever waits for it later, when the old
 * answer has become too old, makes it a load like any other; so a refresh that hangs cannot hold its key for ever.
 *
 * A flight is detached when its key is set or deleted meanwhile. It still answers those who asked before that, but what it brings
 * is not kept, and nobody joins it. Rejected: a number per key that grows with each write. It would have to be remembered for keys
 * that are not there.
 */
export class Flight<V> {
  readonly isRefresh: boolean;
  /** Its load was started; before that it looks in the second level. */
  isLoading = false;
  /** The key was set or deleted since. */
  isDetached = false;
  /** Nobody may join any more; what the load still says is not heard. Changes only in #end. */
  isOver = false;
  readonly #line: WaitLine<Sharer<V>>;
  readonly #controller: AbortController | undefined;
  readonly #clone: ((value: V) => V) | undefined;
  readonly #over: (isAborted: boolean) => void;
  /** Why the last one left. */
  #leftBy: unknown = undefined;
  /** Those who cannot leave. */
  #stayers: { readonly sharer: Sharer<V>; readonly answer: Promise<V> } | undefined = undefined;

  /**
   * @param first - who begins it; undefined for a refresh. If nothing can make it leave, nothing can abort the load, and there is
   * no signal
   * @param over - called once: nobody may join any more
   */
  constructor({ clock, deadlines, name, clone }: FlightOptions<V>, first: Call | undefined, over: (isAborted: boolean) => void) {
    this.isRefresh = first === undefined;
    this.#controller = first === undefined || canLeave(first) ? new AbortController() : undefined;
    this.#clone = clone;
    this.#over = over;
    this.#line = new WaitLine({ clock, deadlines, expired: () => new CacheTimeoutError(name), left: () => this.#left() });
  }

  /** Ends the load once nobody waits for it. */
  get signal(): AbortSignal | undefined {
    return this.#controller?.signal;
  }

  /** The call's signal must not be aborted, nor its deadline have passed. */
  join(call: Call): Promise<V> {
    if (canLeave(call) || this.#clone !== undefined) return this.#wait(call).answer;
    if (this.#stayers === undefined) this.#stayers = this.#wait(call);
    else this.#stayers.sharer.callers += 1;
    return this.#stayers.answer;
  }

  #wait(call: Call): { readonly sharer: Sharer<V>; readonly answer: Promise<V> } {
    let sharer!: Sharer<V>; // set by the executor, which runs at once
    const answer = new Promise<V>((resolve, reject) => {
      const refuse = (error: unknown): void => {
        this.#leftBy = error;
        reject(error);
      };
      sharer = new Sharer(call, resolve, refuse);
    });
    this.#line.join(sharer);
    return { sharer, answer };
  }

  /** It is over, and all who wait hear the answer. Answers how many. */
  answer(value: V): number {
    const clone = this.#clone;
    if (clone === undefined) return this.#settle((sharer) => sharer.resolve(value));
    return this.#settle((sharer) => {
      try {
        sharer.resolve(clone(value));
      } catch (error) {
        sharer.refuse(error);
      }
    });
  }

  /** It is over, and all who wait hear the error. */
  refuse(error: unknown): void {
    this.#settle((sharer) => sharer.refuse(error));
  }

  #settle(tell: (sharer: Sharer<V>) => void): number {
    this.#end(false);
    let count = 0;
    for (let sharer = this.#line.next(); sharer !== undefined; sharer = this.#line.next()) {
      this.#line.take(sharer);
      tell(sharer);
      count += sharer.callers;
    }
    return count;
  }

  #left(): void {
    if (this.#line.size > 0 || this.isOver) return;
    this.#end(true);
    this.#controller?.abort(this.#leftBy);
  }

  #end(isAborted: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#over(isAborted);
  }
}

function canLeave({ signal, deadlineAt = Infinity }: Call): boolean {
  return signal !== undefined || deadlineAt < Infinity;
}
