import { warn, type Emitter } from "@breakwater/core";
import { BreakerOpenError } from "./errors.ts";
import type { BreakerEvents } from "./events.ts";
import { measuresOf, type Measures } from "./measures.ts";
import type { Settings } from "./options.ts";
import { Circuit, type Admission, type BreakerState, type Refusal } from "./state.ts";

/** The circuit with its counts and events: what permits, `run` and `layer` all pass through, in and out. */
export class Gate {
  readonly circuit: Circuit;
  successes = 0;
  failures = 0;
  neutrals = 0;
  rejections = 0;
  openings = 0;
  readonly #name: string | undefined;
  readonly #breakMs: number;
  readonly #events: Emitter<BreakerEvents>;
  readonly #measures: Measures | undefined;

  constructor(settings: Settings, events: Emitter<BreakerEvents>) {
    const { name, breakMs, meter } = settings;
    this.#name = name;
    this.#breakMs = breakMs;
    this.#events = events;
    this.circuit = new Circuit({ ...settings, changed: (from, to) => this.#changed(from, to) });
    this.#measures = measuresOf(meter, name, () => this.circuit.state);
  }

  // Nothing may fail the call that is being settled: neither a trip of the user's nor the meter.
  succeed(admission: Admission): void {
    this.successes += 1;
    try {
      this.#measures?.calls.success.add(1);
      this.circuit.succeed(admission);
    } catch (error) {
      warn(error);
    }
  }

  fail(admission: Admission, error: unknown): void {
    this.failures += 1;
    try {
      this.#measures?.calls.failure.add(1);
      this.circuit.fail(admission, error);
    } catch (fault) {
      warn(fault);
    }
  }

  release(admission: Admission): void {
    this.neutrals += 1;
    try {
      this.#measures?.calls.neutral.add(1);
      this.circuit.release(admission);
    } catch (error) {
      warn(error);
    }
  }

  /** A new error for each refusal: a shared one would gather what its holders do to it. */
  refuse(refusal: Refusal): BreakerOpenError {
    const { reason, retryAfterMs, cause } = refusal;
    const error = new BreakerOpenError({ reason, retryAfterMs, source: this.#name, cause });
    this.rejections += 1;
    this.#measures?.calls.rejected.add(1);
    if (this.#events.has("rejected")) this.#events.emit("rejected", { reason, error });
    return error;
  }

  /** The same where nobody gets the error, which is then made for listeners only. */
  turnAway(refusal: Refusal): void {
    if (this.#events.has("rejected")) {
      this.refuse(refusal);
    } else {
      this.rejections += 1;
      this.#measures?.calls.rejected.add(1);
    }
  }

  #changed(from: BreakerState, to: BreakerState): void {
    if (to === "open") this.openings += 1;
    this.#measures?.transitions[to].add(1);
    if (to === "open") this.#emitOpened(from === "half-open" ? from : "closed");
    else if (to === "closed") this.#emitClosed(from === "half-open" ? from : "open");
    else if (this.#events.has("halfOpened")) this.#events.emit("halfOpened", { from: "open" });
  }

  #emitOpened(from: "closed" | "half-open"): void {
    if (!this.#events.has("opened")) return;
    this.#events.emit("opened", { from, cause: this.circuit.cause, retryAfterMs: this.#breakMs });
  }

  #emitClosed(from: "open" | "half-open"): void {
    if (this.#events.has("closed")) this.#events.emit("closed", { from });
  }
}
