import { WaitLine, Waiter, type Call, type Clock, type Deadlines } from "@breakwater/core";
import { CoalescingTimeoutError } from "./coalescing-errors.ts";

/** What the flights of a layer have in common. */
export interface FlightOptions {
  readonly clock: Clock;
  /** One timer for all who wait. */
  readonly deadlines: Deadlines;
  readonly name: string | undefined;
}

/** One who waits for the shared work. */
class Sharer<Out> extends Waiter {
  readonly resolve: (value: Out) => void;
  readonly refuse: (error: unknown) => void;

  constructor({ signal, deadlineAt }: Call, resolve: (value: Out) => void, refuse: (error: unknown) => void) {
    super(signal, deadlineAt);
    this.resolve = resolve;
    this.refuse = refuse;
  }
}

/**
 * One piece of work, and all who wait for it.
 *
 * Each waits by a promise of its own, so each can leave alone, by its signal or its deadline. When the last has left, nobody wants
 * the answer: the work is aborted with that one's reason, and the flight is over at once, so that whoever comes next begins
 * anew instead of joining what is being stopped. It is over as well before the first of those who wait hears the answer: nothing
 * that has settled can be joined.
 */
export class Flight<Out> {
  readonly #line: WaitLine<Sharer<Out>>;
  readonly #controller: AbortController | undefined;
  readonly #over: () => void;
  #isOver = false;
  /** Why the last one left. */
  #leftBy: unknown = undefined;

  /**
   * @param first - who begins it. If nothing can make it leave, nothing can abort the work, and there is no signal
   * @param over - called once: nobody may join any more
   */
  constructor({ clock, deadlines, name }: FlightOptions, first: Call, over: () => void) {
    this.#controller = canLeave(first) ? new AbortController() : undefined;
    this.#over = over;
    this.#line = new WaitLine({ clock, deadlines, expired: () => new CoalescingTimeoutError(name), left: () => this.#left() });
  }

  /** Ends the shared work once nobody waits for it. */
  get signal(): AbortSignal | undefined {
    return this.#controller?.signal;
  }

  /** The call's signal must not be aborted, nor its deadline have passed. */
  join(call: Call): Promise<Out> {
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown): void => {
        this.#leftBy = error;
        reject(error);
      };
      this.#line.join(new Sharer(call, resolve, refuse));
    });
  }

  /** Does the work. Its first caller has joined before: the work may make it leave at once. */
  start(work: () => Promise<Out>): void {
    try {
      Promise.resolve(work()).then(
        (value) => this.#settle((sharer) => sharer.resolve(value)),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#settle((sharer) => sharer.refuse(error));
  }

  #settle(tell: (sharer: Sharer<Out>) => void): void {
    this.#end();
    for (let sharer = this.#line.next(); sharer !== undefined; sharer = this.#line.next()) {
      this.#line.take(sharer);
      tell(sharer);
    }
  }

  #left(): void {
    if (this.#line.size > 0 || this.#isOver) return;
    this.#end();
    this.#controller?.abort(this.#leftBy);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
  }
}

export function canLeave({ signal, deadlineAt = Infinity }: Call): boolean {
  return signal !== undefined || deadlineAt < Infinity;
}
