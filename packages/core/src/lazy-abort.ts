import { lendAbort } from "./lent-abort.ts";

/**
 * A signal that exists once somebody looks at it.
 *
 * An AbortController with its signal costs 3 us on Node 20, fifty times an `await`, and most calls end before anybody asks. Until
 * somebody reads the signal, this is two fields. One that is aborted before it was read reads as aborted with the same reason. It is
 * made for a call alone, so it is lent to whoever else has to end that.
 */
export class LazyAbort {
  #controller: AbortController | undefined = undefined;
  #isAborted = false;
  #reason: unknown = undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      lendAbort(this.#controller);
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether by its owner: who was lent the signal may have aborted that. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** The first reason counts. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
