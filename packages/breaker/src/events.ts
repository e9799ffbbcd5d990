import type { CircuitState } from "./circuit/circuit.ts";
import type { BreakerOpenError, BreakerOpenReason } from "./errors.ts";

export interface BreakerEvents {
  /** It refuses from now on. */
  readonly opened: {
    /** `half-open` when probes failed; `open` when `forceOpen` gave it another break. */
    readonly from: CircuitState;
    /**
     * Why: a trip's reason, as `consecutive-failures`, `failure-ratio`, `failures`, `slow-calls`; `probes-failed`; `told` by
     * `classify`'s `tripForMs`; `forced`.
     */
    readonly reason: string;
    /** What was counted when it opened. */
    readonly calls: number;
    readonly failures: number;
    /** The failure that was one too many, or the probe's; where calls were only slow, an error that says so. */
    readonly cause: unknown;
    /** How long it stays open, in ms. */
    readonly retryAfterMs: number;
    /** 1 for the first time, one more for each time without having been well in between; the same when it was open already. */
    readonly level: number;
  };
  /** The break is over and the first probe goes. */
  readonly halfOpened: { readonly from: "open"; readonly level: number };
  /** Calls go, with a ramp a growing share of them, and counting starts afresh. */
  readonly closed: {
    readonly from: "open" | "half-open";
    readonly reason: "probes-passed" | "reset";
    /** How long it was not closed, in ms. */
    readonly outageMs: number;
  };
  /** Somebody holds it open by hand. Said once, for the first of several. */
  readonly isolated: object;
  /** Nobody does any more; it goes by its state again. */
  readonly released: { readonly state: CircuitState };
  /** Somebody has changed what it does with its state. */
  readonly modeChanged: { readonly from: BreakerMode; readonly to: BreakerMode };
  /** A call was refused. */
  readonly rejected: { readonly reason: BreakerOpenReason; readonly error: BreakerOpenError };
}

/** `auto` goes by the state; `observing` learns and changes its state, but refuses nobody; `disabled` refuses nobody and learns nothing. */
export type BreakerMode = "auto" | "observing" | "disabled";
