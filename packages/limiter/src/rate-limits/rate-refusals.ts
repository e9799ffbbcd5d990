import { noopMeter, type Counter, type Emitter, type Histogram } from "@breakwater/core";
import { LimiterRejectedError, type LimiterRejectionReason } from "../errors.ts";
import type { LimiterEvents } from "../events.ts";
import type { RateAlgorithm } from "./algorithm.ts";
import type { RateSettings } from "./options.ts";

export type RateReason = Exclude<LimiterRejectionReason, "evicted">;

export interface RateRefusal {
  readonly limit: number;
  readonly windowMs: number;
  /** Infinity or undefined: nobody knows. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const explanations: Readonly<Record<RateReason, string>> = {
  rate: "has nothing left",
  blocked: "is blocked",
  "queue-full": "has nothing left, and as many wait as may",
  timeout: "had nothing in time",
  deadline: "had nothing before the call's deadline",
  "too-heavy": "never has that much at once",
  closed: "is closed",
  overloaded: "takes no more keys, or none that long",
};

/**
 * Makes refusals and counts them. Telling the listeners is a step of its own, because some are made in the middle of a
 * change, of which a listener must see nothing.
 */
export class RateRefusals {
  count = 0;
  readonly wait: Histogram | undefined;
  readonly #settings: RateSettings;
  readonly #events: Emitter<Pick<LimiterEvents, "rejected">>;
  readonly #counters: Readonly<Record<RateReason, Counter>> | undefined;
  #unheard: LimiterRejectedError[] = [];

  constructor(settings: RateSettings, events: Emitter<Pick<LimiterEvents, "rejected">>) {
    this.#settings = settings;
    this.#events = events;
    if (settings.meter === noopMeter) return;
    this.#counters = countersOf(settings);
    this.wait = settings.meter.histogram("breakwater.limiter.wait.duration", {
      description: "Of waits that ended with admission; who did not wait is not recorded",
      unit: "s",
      attributes: attributesOf(settings),
    });
  }

  make(reason: RateReason, { limit, windowMs, retryAfterMs, cause }: RateRefusal): LimiterRejectedError {
    const { name } = this.#settings;
    const isKnown = retryAfterMs !== undefined && retryAfterMs < Infinity;
    const again = isKnown ? `: try again in ${Math.ceil(retryAfterMs)} ms` : "";
    const message = `rate limiter${name === undefined ? "" : ` ${name}`} ${explanations[reason]} (${limit} in ${windowMs} ms)${again}`;
    const error = new LimiterRejectedError(message, { reason, limit, source: name, retryAfterMs: isKnown ? retryAfterMs : undefined, cause });
    this.#record(reason);
    if (this.#events.has("rejected")) this.#unheard.push(error);
    return error;
  }

  /** One that is answered without an error, which is made only if somebody listens. */
  note(reason: RateReason, { limit, windowMs }: RateAlgorithm, retryAfterMs: number): void {
    if (this.#events.has("rejected")) {
      this.make(reason, { limit, windowMs, retryAfterMs });
      this.announce();
    } else {
      this.#record(reason);
    }
  }

  /** Tells of those made since the last time. */
  announce(): void {
    if (this.#unheard.length === 0) return;
    const errors = this.#unheard;
    this.#unheard = [];
    for (const error of errors) this.#events.emit("rejected", { reason: error.reason, error });
  }

  #record(reason: RateReason): void {
    this.count += 1;
    this.#counters?.[reason].add(1);
  }
}

function attributesOf({ name }: RateSettings): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

function countersOf(settings: RateSettings): Readonly<Record<RateReason, Counter>> {
  const counter = (reason: RateReason): Counter =>
    settings.meter.counter("breakwater.limiter.rejections", {
      description: "Calls that were not admitted",
      unit: "{call}",
      attributes: { ...attributesOf(settings), reason },
    });
  return {
    rate: counter("rate"),
    blocked: counter("blocked"),
    "queue-full": counter("queue-full"),
    timeout: counter("timeout"),
    deadline: counter("deadline"),
    "too-heavy": counter("too-heavy"),
    closed: counter("closed"),
    overloaded: counter("overloaded"),
  };
}
