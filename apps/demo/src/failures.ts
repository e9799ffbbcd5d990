import { isRejected } from "@breakwater/core";
import { ApiError } from "./dependencies.ts";

/** Why requests failed. */
export interface Failures {
  /** The external API failed, as --fail-rate asked it to. */
  readonly injected: number;
  /** The open breaker refused to ask it. */
  readonly refusedByBreaker: number;
  /** Anything else; nobody asked for these. */
  readonly unexpected: number;
  /** The first few of those, as text. */
  readonly unexpectedMessages: readonly string[];
}

export type Kind = "injected" | "refused" | "other";

/** Where nobody asked for faults, the breaker's refusals are as unexpected as the faults that opened it. */
export function sortFailures(errors: readonly unknown[], isAsked: boolean, kindOf: (error: unknown) => Kind = kindInProcess): Failures {
  const kinds = errors.map((error) => (isAsked ? kindOf(error) : "other"));
  const unexpected = errors.filter((_, index) => kinds[index] === "other");
  return {
    injected: kinds.filter((kind) => kind === "injected").length,
    refusedByBreaker: kinds.filter((kind) => kind === "refused").length,
    unexpected: unexpected.length,
    unexpectedMessages: unexpected.slice(0, 3).map(String),
  };
}

function kindInProcess(error: unknown): Kind {
  if (error instanceof ApiError) return "injected";
  return isRejected(error) && error.code === "ERR_BREAKER_OPEN" ? "refused" : "other";
}
