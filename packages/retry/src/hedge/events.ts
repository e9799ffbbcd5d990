/** Why a hedge was sent: the tries before it took too long, or one of them failed. */
export type HedgeReason = "slow" | "failed";

/** What happens to a call. A try is known by its number: 1 is the first, 2 the first hedge. */
export interface HedgeEvents {
  /** One more try starts. */
  readonly hedged: { readonly attempt: number; readonly reason: HedgeReason };
  /** The budget is used up: this try was not sent, and none will be for the same call. What runs goes on. */
  readonly denied: { readonly attempt: number; readonly reason: HedgeReason };
  /** A call that was hedged has its answer. */
  readonly won: { readonly attempt: number; readonly hedges: number };
  /** A try ended with an error; `isLate` when the call had settled by then, so that nobody else hears of it. */
  readonly failed: { readonly attempt: number; readonly error: unknown; readonly isLate: boolean };
  /** A result came after its call had settled, and went to `dispose` where there is one. */
  readonly disposed: { readonly attempt: number; readonly result: unknown };
}
