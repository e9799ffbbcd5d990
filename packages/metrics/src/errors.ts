/**
 * Two different instruments want one name. `code` is `ERR_INSTRUMENT_CONFLICT`.
 */
export class InstrumentConflictError extends Error {
  readonly code = "ERR_INSTRUMENT_CONFLICT" as const;
  /** The definition that is there. */
  readonly existing: string;
  /** The definition that was refused. */
  readonly requested: string;

  constructor(existing: string, requested: string) {
    super(`${requested} conflicts with ${existing}`);
    this.name = "InstrumentConflictError";
    this.existing = existing;
    this.requested = requested;
  }
}
