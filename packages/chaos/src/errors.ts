/**
 * What an injected fault throws unless it was told otherwise. It is no refusal: a breaker counts it as a failure, and a retry
 * tries again, as they would for an error of the dependency.
 */
export class ChaosError extends Error {
  declare readonly name: "ChaosError";
  readonly code = "ERR_CHAOS_INJECTED" as const;
  /** The name of the layer that injected it. */
  readonly source: string | undefined;

  static {
    Object.defineProperty(this.prototype, "name", { value: "ChaosError", configurable: true, writable: true });
  }

  constructor(source?: string) {
    super(source === undefined ? "an injected fault" : `a fault injected by ${source}`);
    this.source = source;
  }
}
