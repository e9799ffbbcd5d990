import {
  checkFunction,
  isRejected,
  outcomeOfError,
  systemClock,
  warn,
  type Call,
  type Clock,
  type Guard,
  type Service,
} from "@breakwater/core";

/** The part of a pino logger that is used; any logger of this shape will do. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Used, and then required, only with the `level` of that name. */
  debug?(fields: object, message: string): void;
  trace?(fields: object, message: string): void;
}

export interface LoggingOptions {
  readonly logger: Logger;
  /** The level of a request that was answered. `silent` writes no line and costs least. Default `info`. */
  readonly level?: "trace" | "debug" | "info" | "silent" | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** What stands in every line. */
interface Fields {
  readonly requestId?: string;
  readonly durationMs: number;
  readonly outcome: "served" | "refused" | "aborted" | "failed";
}

/**
 * Logs each request once, when it has ended: `info` when it was answered, `warn` when it was refused or its caller had
 * gone away, `error` with the error under `err` when it failed. Put it inside `requestId`, so that the lines carry the id.
 *
 * Neither the request nor the answer is logged: they may hold what must not be in a log. A logger that throws does not
 * fail the request; its error becomes a process warning.
 *
 * @throws TypeError naming the option and the value.
 */
export function logging(options: LoggingOptions): Guard {
  const log = new RequestLog(options);
  return <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      const startedAt = log.now();
      try {
        // A native promise stays what it is; a thenable is followed as one.
        return Promise.resolve(next(input, call)).then(
          (answer) => {
            log.served(call, startedAt);
            return answer;
          },
          (error: unknown) => {
            log.failed(call, startedAt, error);
            throw error;
          },
        );
      } catch (error) {
        log.failed(call, startedAt, error);
        return Promise.reject(error);
      }
    };
}

class RequestLog {
  readonly #logger: Logger;
  readonly #level: "trace" | "debug" | "info" | "silent";
  readonly #clock: Clock;

  constructor({ logger, level = "info", clock = systemClock }: LoggingOptions) {
    const levels = level === "silent" ? (["warn", "error"] as const) : ([level, "warn", "error"] as const);
    for (const used of levels) {
      checkFunction(`logger.${used}`, (logger as Partial<Record<keyof Logger, unknown>>)[used]); // what JavaScript may pass
    }
    this.#logger = logger;
    this.#level = level;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  served(call: Call, startedAt: number): void {
    if (this.#level !== "silent") this.#write(this.#level, this.#fields(call, startedAt, "served"), "request served");
  }

  failed(call: Call, startedAt: number, error: unknown): void {
    if (isRejected(error)) {
      const { code, reason } = error;
      this.#write("warn", { ...this.#fields(call, startedAt, "refused"), code, reason }, "request refused");
    } else if (outcomeOfError(error, call) === "neutral") {
      this.#write("warn", { ...this.#fields(call, startedAt, "aborted"), err: error }, "request aborted");
    } else {
      this.#write("error", { ...this.#fields(call, startedAt, "failed"), err: error }, "request failed");
    }
  }

  // The id is there if a layer further out provided it, which a guard's type cannot know.
  #fields(call: Call & { readonly requestId?: string }, startedAt: number, outcome: Fields["outcome"]): Fields {
    const durationMs = this.#clock.now() - startedAt;
    const { requestId } = call;
    return requestId === undefined ? { durationMs, outcome } : { requestId, durationMs, outcome };
  }

  #write(level: keyof Logger, fields: object, message: string): void {
    try {
      this.#logger[level]?.(fields, message);
    } catch (error) {
      warn(error);
    }
  }
}
