import type { Emitter } from "@breakwater/core";
import { LimiterRejectedError, type LimiterRejectionReason } from "./errors.ts";
import type { LimiterEvents } from "./events.ts";
import type { Measures, Readings } from "./measures.ts";

/** Where the numbers stand that a refusal reports. */
export interface RefusalContext {
  readonly name: string | undefined;
  readonly queueLimit: number;
  readonly readings: Readings;
}

export interface RefusalDetails {
  readonly weight?: number;
  readonly timeoutMs?: number;
  readonly cause?: unknown;
}

/**
 * Makes refusals and counts them. Telling the listeners is a step of its own, because some are made in the middle of a
 * change, of which a listener must see nothing.
 */
export class Refusals {
  count = 0;
  readonly #context: RefusalContext;
  readonly #events: Emitter<LimiterEvents>;
  readonly #measures: Measures | undefined;
  #unheard: LimiterRejectedError[] = [];

  constructor(context: RefusalContext, events: Emitter<LimiterEvents>, measures: Measures | undefined) {
    this.#context = context;
    this.#events = events;
    this.#measures = measures;
  }

  make(reason: LimiterRejectionReason, details: RefusalDetails): LimiterRejectedError {
    const { name, readings } = this.#context;
    const message = `limiter${name === undefined ? "" : ` ${name}`} ${explain(reason, this.#context, details)}`;
    const error = new LimiterRejectedError(message, { reason, limit: readings.limit, source: name, cause: details.cause });
    this.count += 1;
    this.#measures?.rejections[reason].add(1);
    if (this.#events.has("rejected")) this.#unheard.push(error);
    return error;
  }

  /** Tells of those made since the last time. */
  announce(): void {
    if (this.#unheard.length === 0) return;
    const errors = this.#unheard;
    this.#unheard = [];
    for (const error of errors) this.#events.emit("rejected", { reason: error.reason, error });
  }
}

function explain(reason: LimiterRejectionReason, context: RefusalContext, details: RefusalDetails): string {
  const { limit, inUse, waiting } = context.readings;
  const usage = `${inUse} of ${limit} in use`;
  switch (reason) {
    case "queue-full":
      return `is full: ${usage}, ${waiting} of ${context.queueLimit} waiting`;
    case "timeout":
      return `had no room within ${details.timeoutMs ?? 0} ms: ${usage}`;
    case "deadline":
      return `got the call past its deadline: ${usage}`;
    case "too-heavy":
      return `cannot admit a weight of ${details.weight ?? 1}: the limit is ${limit}`;
    case "closed":
      return "is closed";
  }
}
