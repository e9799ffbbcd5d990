import type { Emitter } from "@breakwater/core";
import type { Ask } from "./ask.ts";
import { LimiterRejectedError } from "./errors.ts";
import type { LimiterEvents } from "./events.ts";
import type { Measures, QueueRejectionReason, Readings } from "./measures.ts";
import type { Settings } from "./options.ts";

export interface RefusalDetails {
  readonly weight?: number;
  /** How long it may have waited, in ms. */
  readonly waitedMs?: number;
  readonly cause?: unknown;
}

/**
 * Makes refusals and counts them. Telling the listeners is a step of its own, because some are made in the middle of a
 * change, of which a listener must see nothing.
 */
export class Refusals {
  count = 0;
  readonly #settings: Settings;
  readonly #readings: Readings;
  readonly #events: Emitter<LimiterEvents>;
  readonly #measures: Measures | undefined;
  #unheard: LimiterRejectedError[] = [];

  constructor(settings: Settings, readings: Readings, events: Emitter<LimiterEvents>, measures: Measures | undefined) {
    this.#settings = settings;
    this.#readings = readings;
    this.#events = events;
    this.#measures = measures;
  }

  make(reason: QueueRejectionReason, details: RefusalDetails = {}): LimiterRejectedError {
    const { name } = this.#settings;
    const message = `limiter${name === undefined ? "" : ` ${name}`} ${this.#explain(reason, details)}`;
    const { limit } = this.#readings;
    const error = new LimiterRejectedError(message, { reason, limit, source: name, cause: details.cause });
    this.count += 1;
    this.#measures?.rejections[reason].add(1);
    if (this.#events.has("rejected")) this.#unheard.push(error);
    return error;
  }

  /** For one that waits. */
  of(ask: Ask, reason: QueueRejectionReason): LimiterRejectedError {
    return this.make(reason, { weight: ask.weight, waitedMs: (ask.deadlineAt ?? Infinity) - ask.since });
  }

  /** Tells of those made since the last time. */
  announce(): void {
    if (this.#unheard.length === 0) return;
    const errors = this.#unheard;
    this.#unheard = [];
    for (const error of errors) this.#events.emit("rejected", { reason: error.reason, error });
  }

  #explain(reason: QueueRejectionReason, details: RefusalDetails): string {
    const { limit, inUse, waiting } = this.#readings;
    const usage = `${inUse} of ${limit} in use`;
    switch (reason) {
      case "queue-full":
        return `is full: ${usage}, ${waiting} of ${this.#settings.queueLimit} waiting`;
      case "evicted":
        return `is full: ${usage}, and another took the place in line`;
      case "overloaded":
        return `is overloaded: ${usage}, ${waiting} waiting, and this one has waited too long`;
      case "timeout":
        return `had no room within ${details.waitedMs ?? 0} ms: ${usage}`;
      case "deadline":
        return `got the call past its deadline: ${usage}`;
      case "too-heavy":
        return `cannot admit a weight of ${details.weight ?? 1}: the limit is ${limit}`;
      case "closed":
        return "is closed";
    }
  }
}
