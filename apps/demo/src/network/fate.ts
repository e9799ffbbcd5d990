import { isRejected } from "@breakwater/core";
import { SocketReplyError } from "@breakwater/http/ws";

/**
 * What became of a request, as its client sees it.
 *
 * Refused is whoever was told so in words that a program can act on: not now, and why. Anything else that is no answer has failed: a
 * connection that broke, a time that ran out, an error that nobody expected.
 */
export type Fate =
  | { readonly kind: "answered" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** What an error answer says; over HTTP it is made of a status and its problem details. */
export interface Told {
  readonly status: number | undefined;
  readonly code: string;
  readonly reason: string | undefined;
}

/** An answer over HTTP that is none of 2xx. */
export class AnswerError extends Error implements Told {
  override readonly name = "AnswerError";
  readonly status: number;
  readonly code: string;
  readonly reason: string | undefined;

  constructor(status: number, problem: { readonly code?: unknown; readonly reason?: unknown }) {
    const { code, reason } = problem;
    super(`the answer was ${status}: ${String(code)}, ${String(reason)}`);
    this.status = status;
    this.code = typeof code === "string" ? code : `HTTP ${status}`;
    this.reason = typeof reason === "string" ? reason : undefined;
  }
}

/** Too much of you, too much of all, too late: none of them says that anything broke. */
const refusals: ReadonlySet<number | undefined> = new Set([429, 503, 504]);

export function fateOf(error: unknown): Fate {
  const told = toldOf(error);
  if (told !== undefined) return { kind: refusals.has(told.status) ? "refused" : "failed", reason: wordsOf(told) };
  if (isRejected(error)) return { kind: "refused", reason: `${error.code} of the client` };
  return { kind: "failed", reason: nameOf(error) };
}

export function toldOf(error: unknown): Told | undefined {
  return error instanceof AnswerError || error instanceof SocketReplyError ? error : undefined;
}

/** A status of the service's own choosing stands by its reason, a refusal of a pattern by its code. */
export function wordsOf({ code, reason }: Told): string {
  return code === "ERR_STATUS" && reason !== undefined ? reason : code;
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && typeof error.code === "string") return error.code;
  const { cause } = error;
  const below = cause instanceof Error ? `: ${nameOf(cause)}` : ""; // fetch says only that it failed
  return `${error.name} ${error.message}${below}`;
}
