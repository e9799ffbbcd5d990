/**
 * What every implementation must keep, as data: run it in any test runner.
 *
 * ```ts
 * for (const law of permitLaws(make)) it(law.name, law.check);
 * ```
 */
export interface Law {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Rejects with a {@link BrokenLawError} when it is not kept. */
  readonly check: () => Promise<void>;
}

/** Tells what was expected, and with which seed or step. */
export class BrokenLawError extends Error {
  static {
    this.prototype.name = "BrokenLawError";
  }
}

export function expect(is: boolean, what: string): void {
  if (!is) throw new BrokenLawError(what);
}
