import type { CreateContext } from "../options.ts";

/** A signal costs a microsecond and most factories never look, so it is made when one does. */
export class CreateTask implements CreateContext {
  readonly broken: (error?: unknown) => void;
  #controller: AbortController | undefined = undefined;
  #abort: { readonly reason: unknown } | undefined = undefined;

  constructor(broken: (error: unknown) => void) {
    this.broken = (error) => broken(error);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abort !== undefined) this.#controller.abort(this.#abort.reason);
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#abort !== undefined;
  }

  abort(reason: unknown): void {
    if (this.#abort !== undefined) return;
    this.#abort = { reason };
    this.#controller?.abort(reason);
  }
}
