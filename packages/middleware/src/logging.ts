import { checkFunction, isRejected, systemClock, warn, type Call, type Clock, type Guard, type Service } from "@breakwater/core";

/** The part of a pino logger that is used; any logger of this shape will do. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LoggingOptions {
  readonly logger: Logger;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** What stands in every line. */
interface Fields {
  readonly requestId?: string;
  readonly durationMs: number;
}

/**
 * Logs each request once, when it has ended: `info` when it was answered, `warn` when it was refused, `error` with the
 * error under `err` when it failed. Put it inside `requestId`, so that the lines carry the id.
 *
 * Neither the request nor the answer is logged: they may hold what must not be in a log. A logger that throws does not
 * fail the request; its error becomes a process warning.
 */
export function logging({ logger, clock = systemClock }: LoggingOptions): Guard {
  for (const level of ["info", "warn", "error"] as const) {
    checkFunction(`logger.${level}`, (logger as Partial<Record<keyof Logger, unknown>>)[level]); // what JavaScript may pass
  }
  const log = new RequestLog(logger, clock);
  return <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    (input, call) => {
      const startedAt = clock.now();
      return next(input, call).then(
        (answer) => {
          log.served(call, startedAt);
          return answer;
        },
        (error: unknown) => {
          log.failed(call, startedAt, error);
          throw error;
        },
      );
    };
}

class RequestLog {
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  served(call: Call, startedAt: number): void {
    this.#write("info", this.#fields(call, startedAt), "request served");
  }

  failed(call: Call, startedAt: number, error: unknown): void {
    const fields = this.#fields(call, startedAt);
    if (isRejected(error)) this.#write("warn", { ...fields, code: error.code, reason: error.reason }, "request refused");
    else this.#write("error", { ...fields, err: error }, "request failed");
  }

  // The id is there if a layer further out provided it, which a guard's type cannot know.
  #fields(call: Call & { readonly requestId?: string }, startedAt: number): Fields {
    const durationMs = this.#clock.now() - startedAt;
    return call.requestId === undefined ? { durationMs } : { requestId: call.requestId, durationMs };
  }

  #write(level: keyof Logger, fields: object, message: string): void {
    try {
      this.#logger[level](fields, message);
    } catch (error) {
      warn(error);
    }
  }
}
