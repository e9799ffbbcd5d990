import { Emitter, increment, type Call, type Unsubscribe } from "@breakwater/core";
import type { Ending, RetryEvents, RetryStats } from "./events.ts";
import type { GiveUpReason } from "./give-ups.ts";
import { measuresOf, type Measures } from "./measures.ts";
import type { Rules } from "./options.ts";

/** What is told of a retry: counts, measurements and events. Nothing that listeners or meters do comes back to a call. */
export class RetryLog {
  /** Calls whose first attempt was started. */
  calls = 0;
  #retries = 0;
  #recovered = 0;
  readonly #gaveUp = { attempts: 0, budget: 0, deadline: 0, "not-idempotent": 0, fault: 0 };
  #aborted = 0;
  #waiting = 0;
  readonly #events = new Emitter<RetryEvents>();
  readonly #measures: Measures | undefined;

  constructor({ meter, name }: Rules) {
    this.#measures = measuresOf(meter, name, () => this.#waiting);
  }

  get stats(): RetryStats {
    return {
      calls: this.calls,
      attempts: this.calls + this.#retries,
      recovered: this.#recovered,
      gaveUp: { ...this.#gaveUp },
      aborted: this.#aborted,
      waiting: this.#waiting,
    };
  }

  on<Type extends keyof RetryEvents>(type: Type, listener: (event: RetryEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  began(): void {
    this.calls += 1;
    if (this.#measures !== undefined) increment(this.#measures.calls);
  }

  /** A wait begins, after so many attempts. */
  scheduled(attempt: number, ending: Ending, delayMs: number, call: Call): void {
    this.#waiting += 1;
    if (this.#events.has("retried")) this.#events.emit("retried", { attempt, error: errorOf(ending), ending, delayMs, call });
  }

  /** The wait is over, one way or another. */
  resumed(): void {
    this.#waiting -= 1;
  }

  /** The caller went away during it. */
  aborted(): void {
    this.#aborted += 1;
  }

  /** Another attempt begins. */
  retried(): void {
    this.#retries += 1;
    if (this.#measures !== undefined) increment(this.#measures.retries);
  }

  gaveUp(reason: GiveUpReason, attempts: number, ending: Ending, call: Call): void {
    this.#gaveUp[reason] += 1;
    if (this.#measures !== undefined) increment(this.#measures.gaveUp[reason]);
    if (this.#events.has("gaveUp")) this.#events.emit("gaveUp", { reason, attempts, error: errorOf(ending), ending, call });
  }

  recovered(attempts: number, call: Call): void {
    this.#recovered += 1;
    if (this.#measures !== undefined) increment(this.#measures.recovered);
    if (this.#events.has("recovered")) this.#events.emit("recovered", { attempts, call });
  }
}

function errorOf(ending: Ending): unknown {
  return ending.status === "failed" ? ending.error : undefined;
}
