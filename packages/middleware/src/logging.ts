import {
  checkFunction,
  describeLayer,
  isRejected,
  noCall,
  outcomeOfError,
  systemClock,
  warn,
  isThenable,
  type Call,
  type Clock,
  type Guard,
  type GuardFor,
  type Service,
} from "@breakwater/core";
import { RequestFields, type Redact } from "./request-fields.ts";

/** The part of a pino logger that is used; any logger of this shape will do. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Used, and then required, only with the `level` of that name. */
  debug?(fields: object, message: string): void;
  trace?(fields: object, message: string): void;
}

export interface LoggingOptions<In = unknown, C extends Call = Call> {
  readonly logger: Logger;
  /** The level of a request that was answered. `silent` writes no line and costs least. Default `info`. */
  readonly level?: "trace" | "debug" | "info" | "silent" | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /**
   * What of the request to log; it stands under `request` in the line. Asked when there is a line to write, so when the request
   * has ended, and answered at once. Undefined for nothing. Default: nothing of the request is logged.
   */
  readonly fields?: ((input: In, call: C) => object | undefined) | undefined;
  /**
   * What of these fields not to log: paths such as `headers.authorization`, `items.*.card` (any key) or `**.password` (at any
   * depth), whose values become `[redacted]`; or a function that gets a copy of the fields and returns what to log. Default:
   * all of them are logged.
   */
  readonly redact?: Redact | undefined;
}

/** With fields, it fits where the request and the call are such as `fields` reads. */
export interface FieldsLoggingOptions<In, C extends Call> extends LoggingOptions<In, C> {
  readonly fields: (input: In, call: C) => object | undefined;
}

/** What stands in every line. */
interface Fields {
  readonly requestId?: string;
  readonly durationMs: number;
  readonly outcome: "served" | "refused" | "aborted" | "failed";
  readonly request?: unknown;
}

/**
 * Logs each request once, when it has ended: `info` when it was answered, `warn` when it was refused or its caller had
 * gone away, `error` with the error under `err` when it failed. Put it inside `requestId`, so that the lines carry the id.
 *
 * The answer is never logged, and of the request what `fields` picks and `redact` leaves: they may hold what must not be in
 * a log. What is picked is copied within bounds, so that no request can be too large or too strange for a line, and is not
 * changed. A logger that throws or rejects does not fail the request; its error becomes a process warning. Nor do `fields` or
 * `redact`: `request` is `[unreadable]` then.
 *
 * @throws TypeError naming the option and the value.
 */
export function logging<In, C extends Call = Call>(options: FieldsLoggingOptions<In, C>): GuardFor<In, C>;
export function logging(options: LoggingOptions): Guard;
export function logging(options: LoggingOptions<never, never>): Guard {
  const log = new RequestLog(options);
  return describeLayer(loggingWith(log), { kind: "logging" });
}

function loggingWith(log: RequestLog): Guard {
  return <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call = noCall as C) => { // JavaScript may leave it out
      const startedAt = log.now();
      try {
        // A native promise stays what it is; a thenable is followed as one.
        return Promise.resolve(next(input, call)).then(
          (answer) => {
            log.served(input, call, startedAt);
            return answer;
          },
          (error: unknown) => {
            log.failed(input, call, startedAt, error);
            throw error;
          },
        );
      } catch (error) {
        log.failed(input, call, startedAt, error);
        return Promise.reject(error);
      }
    };
}

class RequestLog {
  readonly #logger: Logger;
  readonly #level: "trace" | "debug" | "info" | "silent";
  readonly #clock: Clock;
  readonly #request: RequestFields | undefined;

  constructor({ logger, level = "info", clock = systemClock, fields, redact }: LoggingOptions<never, never>) {
    const levels = level === "silent" ? (["warn", "error"] as const) : ([level, "warn", "error"] as const);
    for (const used of levels) {
      checkFunction(`logger.${used}`, (logger as Partial<Record<keyof Logger, unknown>>)[used]); // what JavaScript may pass
    }
    this.#logger = logger;
    this.#level = level;
    this.#clock = clock;
    if (fields === undefined && redact !== undefined) throw new TypeError("redact needs fields, which say what is logged of a request");
    this.#request = fields === undefined ? undefined : new RequestFields(fields, redact);
  }

  now(): number {
    return this.#clock.now();
  }

  served(input: unknown, call: Call, startedAt: number): void {
    if (this.#level !== "silent") this.#write(this.#level, this.#fields(input, call, startedAt, "served"), "request served");
  }

  failed(input: unknown, call: Call, startedAt: number, error: unknown): void {
    if (isRejected(error)) {
      const { code, reason } = error;
      this.#write("warn", { ...this.#fields(input, call, startedAt, "refused"), code, reason }, "request refused");
    } else if (outcomeOfError(error, call) === "neutral") {
      this.#write("warn", { ...this.#fields(input, call, startedAt, "aborted"), err: error }, "request aborted");
    } else {
      this.#write("error", { ...this.#fields(input, call, startedAt, "failed"), err: error }, "request failed");
    }
  }

  // The id is there if a layer further out provided it, which a guard's type cannot know.
  #fields(input: unknown, call: Call & { readonly requestId?: string }, startedAt: number, outcome: Fields["outcome"]): Fields {
    const durationMs = this.#clock.now() - startedAt;
    const { requestId } = call;
    const fields = requestId === undefined ? { durationMs, outcome } : { requestId, durationMs, outcome };
    const request = this.#request?.of(input, call);
    return request === undefined ? fields : { ...fields, request };
  }

  #write(level: keyof Logger, fields: object, message: string): void {
    try {
      const promised: unknown = this.#logger[level]?.(fields, message);
      if (isThenable(promised)) Promise.resolve(promised).catch(warn); // nobody waits for a line
    } catch (error) {
      warn(error);
    }
  }
}
