/**
 * A signal that exists once somebody looks at it.
 *
 * Any first try can lose to a hedge, but few do, and an AbortController with its signal costs 3.5 us on Node 20: fifty times an
 * `await`, for each call. Until the work reads the signal, this is two fields. One that is aborted before it was read reads as
 * aborted with the same reason.
 */
export class LazyAbort {
  #controller: AbortController | undefined = undefined;
  #isAborted = false;
  #reason: unknown = undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
