import { makeContextStore } from "../factory/context.ts";

/**
 * Finds callers who wait for a resource while they hold one of the same pool: enough of them, and each waits for what another
 * holds. What a caller holds is known in the asynchronous context of `use` and `layer`; a lease of `acquire` has no such bracket.
 */
export class Nesting {
  readonly #held = makeContextStore<number>();

  /** How many the present context holds. */
  get held(): number {
    return this.#held?.getStore() ?? 0;
  }

  hold<T>(work: () => T): T {
    return this.#held === undefined ? work() : this.#held.run(this.held + 1, work);
  }
}
