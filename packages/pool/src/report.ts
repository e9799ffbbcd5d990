import { warn, type Clock, type Emitter } from "@breakwater/core";
import type { DestroyReason, PoolEvents } from "./events.ts";
import type { Measures } from "./measures.ts";
import type { Slot } from "./slot.ts";

/** What a function of the user's threw; in a wrapper, since anything can be thrown, also undefined. */
export interface Failure {
  readonly error: unknown;
}

/** Tells listeners and meters. Nothing is built for one that is not there, and no clock read. */
export class Report<R> {
  readonly #emitter: Emitter<PoolEvents<R>>;
  readonly #clock: Clock;
  readonly #measures: Measures | undefined;

  constructor(emitter: Emitter<PoolEvents<R>>, clock: Clock, measures: Measures | undefined) {
    this.#emitter = emitter;
    this.#clock = clock;
    this.#measures = measures;
  }

  /** Its create, or its use. */
  begins(slot: Slot<R>): void {
    if (this.#measures !== undefined) slot.since = this.#clock.now();
  }

  used(slot: Slot<R>): void {
    this.#measures?.use.record(this.#secondsSince(slot.since));
  }

  waited(askedAt: number): void {
    this.#measures?.wait.record(this.#secondsSince(askedAt));
  }

  created({ resource, since }: Slot<R>): void {
    this.#measures?.create.record(this.#secondsSince(since));
    if (this.#emitter.has("created")) this.#emitter.emit("created", { resource });
  }

  createFailed(error: unknown): void {
    if (this.#emitter.has("createFailed")) this.#emitter.emit("createFailed", { error });
  }

  invalid({ resource }: Slot<R>, failure: Failure | undefined): void {
    if (this.#emitter.has("validateFailed")) this.#emitter.emit("validateFailed", { resource, ...failure });
  }

  /** A failure that nobody listens for becomes a warning: a resource may be left open somewhere. */
  destroyed({ resource }: Slot<R>, reason: DestroyReason, failure: Failure | undefined): void {
    if (failure === undefined) {
      if (this.#emitter.has("destroyed")) this.#emitter.emit("destroyed", { resource, reason });
    } else if (this.#emitter.has("destroyFailed")) {
      this.#emitter.emit("destroyFailed", { resource, reason, ...failure });
    } else {
      warn(failure.error);
    }
  }

  closed(revoked: number): void {
    if (this.#emitter.has("closed")) this.#emitter.emit("closed", { revoked });
  }

  #secondsSince(since: number): number {
    return (this.#clock.now() - since) / 1000;
  }
}
