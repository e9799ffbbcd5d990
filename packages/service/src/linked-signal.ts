import { ignoreAbort, listenForAbort, type AbortListener } from "@breakwater/core";

/**
 * One signal that follows two: the caller's own and the service's stop, each with its own reason.
 *
 * `AbortSignal.any` does this at six times the cost on Node 20 and keeps the result alive as long as its longest-lived
 * source, here the service. This one lets go of both as soon as the call has settled.
 */
export class LinkedSignal implements AbortListener {
  readonly #sources: readonly AbortSignal[];
  readonly #controller = new AbortController();

  constructor(...sources: readonly AbortSignal[]) {
    this.#sources = sources;
    const aborted = sources.find((source) => source.aborted);
    if (aborted !== undefined) this.#controller.abort(aborted.reason);
    else for (const source of sources) listenForAbort(source, this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  aborted(reason: unknown): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** The call has settled: nothing is listened to any more. */
  readonly release = (): void => {
    for (const source of this.#sources) ignoreAbort(source, this);
  };
}
