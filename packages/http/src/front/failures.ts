import { checkFunction, isRejected, warn } from "@breakwater/core";
import { codeOf, statusOfError } from "./status-of.ts";
import { unsendable } from "./sendable.ts";
import { isStatusError } from "./status-error.ts";

/**
 * From an error to what a stranger may read of it.
 *
 * Nothing of an unexpected error leaves the process: neither its message nor its name, since both tell of hosts, tables and
 * paths. What leaves is an id, under which `onError` got the error itself. Of a refusal its code, reason and time to come back
 * leave, which are made for callers, and not its message, which names limiters and pools. Of a validation the issues leave, of
 * a {@link StatusError} below 500 the message.
 */
export interface FailureContext {
  /** The id that the caller was sent; undefined where the error speaks for itself. */
  readonly id: string;
  readonly status: number;
}

export interface FailureOptions {
  /** Overrides the status of an error; undefined leaves it to {@link statusOfError}. */
  readonly statusOf?: ((error: unknown) => number | undefined) | undefined;
  /**
   * Hears of each error that nobody expected, those that {@link statusOfError} makes a 500 of, with the id that the caller was sent.
   * Default: a process warning for each.
   */
  readonly onError?: ((error: unknown, context: FailureContext) => void) | undefined;
  /**
   * Further fields of the answer to an error, e.g. `rateLimitHeaders(...)` of `@breakwater/limiter`. Default none; a used up rate has
   * its `ratelimit` field all the same.
   */
  readonly headersOf?: ((error: unknown) => Readonly<Record<string, string>> | undefined) | undefined;
  /** The `WWW-Authenticate` of a 401, which HTTP asks for. Default `Bearer`. */
  readonly challenge?: string | undefined;
}

/** What is wrong with an input, and where. */
export interface ProblemIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The body of an answer to an error: problem details (RFC 9457), with what programs can act on. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  /** Of a refusal: `ERR_BREAKER_OPEN`. */
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** After how many ms asking again can help. */
  readonly retryAfterMs?: number | undefined;
  /** Of a validation. */
  readonly issues?: readonly ProblemIssue[] | undefined;
  /** Of a {@link StatusError}. */
  readonly detail?: string | undefined;
  /** Of an unexpected error: under this id it stands in the log. */
  readonly id?: string | undefined;
}

/** All that an answer to an error consists of. `content-type` and `content-length` are the front end's. */
export interface Failure {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly problem: Problem;
}

export class Failures {
  readonly #statusOf: ((error: unknown) => number | undefined) | undefined;
  readonly #onError: (error: unknown, context: FailureContext) => void;
  readonly #headersOf: ((error: unknown) => Readonly<Record<string, string>> | undefined) | undefined;
  readonly #challenge: string;

  /** @throws TypeError naming the option and the value. */
  constructor({ statusOf, onError = (error) => warn(error), headersOf, challenge = "Bearer" }: FailureOptions = {}) {
    if (statusOf !== undefined) checkFunction("statusOf", statusOf);
    if (headersOf !== undefined) checkFunction("headersOf", headersOf);
    checkFunction("onError", onError);
    if (typeof challenge !== "string") throw new TypeError(`challenge must be a string, got ${typeof challenge}`);
    this.#statusOf = statusOf;
    this.#onError = onError;
    this.#headersOf = headersOf;
    this.#challenge = challenge;
  }

  /** What to answer; it can be sent as it is. Unexpected errors are reported on the way. Never throws. */
  answer(error: unknown): Failure {
    const status = this.#status(error);
    const headers = { ...fieldsOf(error, status, this.#challenge), ...this.#extra(error) };
    const name = unsendable(headers);
    if (name !== undefined) return this.#unanswerable(name, error);
    const problem = isExpected(error, status) ? problemOf(error, status) : this.report(error, status);
    return { status, headers, problem };
  }

  /** An error that cannot be answered any more, as the answer has begun, or that nobody expected. */
  report(error: unknown, status = 500): Problem {
    const id = globalThis.crypto.randomUUID();
    try {
      this.#onError(error, { id, status });
    } catch (other) {
      warn(other);
    }
    return { type: "about:blank", title: titleOf(status), status, id };
  }

  #unanswerable(name: string, cause: unknown): Failure {
    const error = new TypeError(`the field ${JSON.stringify(name)} of an answer cannot be sent`, { cause });
    return { status: 500, headers: { "cache-control": "no-store" }, problem: this.report(error) };
  }

  #status(error: unknown): number {
    try {
      const status = this.#statusOf?.(error);
      if (status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599) return status;
      if (status !== undefined) warn(new RangeError(`statusOf must return a whole number from 400 to 599, got ${String(status)}`));
    } catch (other) {
      warn(other);
    }
    return statusOfError(error);
  }

  #extra(error: unknown): Readonly<Record<string, string>> | undefined {
    try {
      return this.#headersOf?.(error);
    } catch (other) {
      warn(other);
      return undefined;
    }
  }
}

function isExpected(error: unknown, status: number): boolean {
  return status !== 500 || isRejected(error) || isStatusError(error);
}

function problemOf(error: unknown, status: number): Problem {
  const problem: Problem = { type: "about:blank", title: titleOf(status), status, ...toldOf(error) };
  if (!isStatusError(error) || status >= 500) return problem;
  return { ...problem, detail: error.message };
}

/** What programs can act on. Also the error of a WebSocket reply. */
export function toldOf(error: unknown): Pick<Problem, "code" | "reason" | "retryAfterMs" | "issues"> {
  const code = codeOf(error);
  if (code === "ERR_TIMEOUT" || code === "ERR_SERVER_STOPPING") return { code };
  if (isStatusError(error)) return { code: error.code, reason: textOf(error.reason) };
  if (!isRejected(error)) return {};
  const retryAfterMs = retryAfterMsOf(error);
  const issues = code === "ERR_VALIDATION" && "issues" in error && Array.isArray(error.issues) ? { issues: error.issues.map(issueOf) } : {};
  return { code: error.code, reason: textOf(error.reason), ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }), ...issues };
}

// A refusal of another package, or another copy, may hold what its type does not say, and JSON has no word for some of that.
function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** These two and no more: what else a schema tells of an input may be the input. */
function issueOf(issue: Partial<ProblemIssue> | null): ProblemIssue {
  const path: readonly unknown[] = Array.isArray(issue?.path) ? issue.path : [];
  return { path: path.map((key) => (typeof key === "number" ? key : String(key))), message: textOf(issue?.message) ?? "" };
}

/** Undefined where nobody knows, or it would be never. */
function retryAfterMsOf(error: unknown): number | undefined {
  if (!isRejected(error)) return undefined;
  const { retryAfterMs } = error;
  return typeof retryAfterMs === "number" && retryAfterMs >= 0 && retryAfterMs < Infinity ? retryAfterMs : undefined;
}

function fieldsOf(error: unknown, status: number, challenge: string): Record<string, string> {
  const fields: Record<string, string> = { "cache-control": "no-store" };
  if (status === 401) fields["www-authenticate"] = challenge;
  const retryAfterMs = retryAfterMsOf(error);
  // Whole seconds; rounded up nobody comes too early, and 0 would be an invitation to come at once.
  if (retryAfterMs !== undefined) fields["retry-after"] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  if (retryAfterMs !== undefined && isRate(error)) fields.ratelimit = `"default";r=0;t=${fields["retry-after"]}`;
  return isStatusError(error) ? Object.assign(fields, error.headers) : fields;
}

/** That nothing is left, and for how long, is known of each; the policy only to who has the limiter: `headersOf`. */
function isRate(error: unknown): boolean {
  return codeOf(error) === "ERR_LIMITER_REJECTED" && isRejected(error) && error.reason === "rate";
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

function titleOf(status: number): string {
  return titles[status] ?? (status < 500 ? "Client Error" : "Server Error");
}
