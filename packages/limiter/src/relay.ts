import type { Call, Outcome, Work } from "@breakwater/core";
import { Ask, type Terms } from "./ask.ts";
import type { AcquireOptions } from "./options.ts";
import type { Start } from "./permit.ts";

/** What a relay runs work for. */
export interface RelayOwner {
  starts(): Start | undefined;
  give(weight: number, outcome: Outcome, start: Start | undefined): void;
  outcomeOf(error: unknown, call: Call): Outcome;
  isTooLate(call: Call): boolean;
  tooLate(call: Call): Promise<never>;
}

/** Work that waits. */
export class WaitingWork<T> extends Ask {
  readonly work: Work<T>;
  readonly call: Call;
  readonly resolve: (value: T) => void;
  readonly refuse: (error: unknown) => void;
  readonly #relay: Relay;

  constructor(
    relay: Relay,
    terms: Terms,
    asked: { readonly weight: number; readonly work: Work<T>; readonly call: Call; readonly options: AcquireOptions },
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    super(terms, asked.weight, asked.call, asked.options);
    this.#relay = relay;
    this.work = asked.work;
    this.call = asked.call;
    this.resolve = resolve;
    this.refuse = reject;
  }

  serve(): void {
    // The relay passes values on to those who wait for them, whatever they are.
    this.#relay.take(this as unknown as WaitingWork<unknown>);
  }
}

/**
 * Runs work that waited, one after the other on the same slot: when a piece ends its slot is given back, and if that serves
 * the next piece, it is begun right there, in the same loop.
 *
 * A promise for the wait, one derived from it for the work, and the adoption of one by the other would cost three times
 * as much: here a call that waited costs its own promise, its place in line, and one `await`.
 *
 * Work is begun here only from a turn of our own. When a slot comes from somebody else's turn (a permit's release, a resize,
 * a listener), it is begun in the next microtask, lest the caller of `release` find itself inside a stranger's work.
 */
export class Relay {
  readonly #owner: RelayOwner;
  #isHandingOver = false;
  #next: WaitingWork<unknown> | undefined = undefined;

  constructor(owner: RelayOwner) {
    this.#owner = owner;
  }

  take(work: WaitingWork<unknown>): void {
    if (this.#isHandingOver && this.#next === undefined) this.#next = work;
    else queueMicrotask(() => void this.#run(work));
  }

  async #run(first: WaitingWork<unknown>): Promise<void> {
    for (let each: WaitingWork<unknown> | undefined = first; each !== undefined; ) {
      const { weight, call } = each;
      if (this.#owner.isTooLate(call)) {
        this.#owner.tooLate(call).catch(each.refuse);
        each = this.#handOver(weight, "neutral", undefined);
        continue;
      }
      const start = this.#owner.starts();
      let outcome: Outcome = "success";
      try {
        each.resolve(await each.work(call));
      } catch (error) {
        outcome = this.#owner.outcomeOf(error, call);
        each.refuse(error);
      }
      each = this.#handOver(weight, outcome, start);
    }
  }

  #handOver(weight: number, outcome: Outcome, start: Start | undefined): WaitingWork<unknown> | undefined {
    this.#isHandingOver = true;
    try {
      this.#owner.give(weight, outcome, start);
    } finally {
      this.#isHandingOver = false; // a queue of the user's own may throw
    }
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}
