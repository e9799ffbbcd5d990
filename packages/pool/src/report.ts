import { warn, type Clock, type Emitter } from "@breakwater/core";
import { nameOf } from "./errors.ts";
import type { CloseReport, DestroyReason, PoolEvents } from "./events.ts";
import type { Measures } from "./measures.ts";
import type { PoolSettings } from "./options.ts";
import type { Slot } from "./stock/slot.ts";

/** What a function of the user's threw; in a wrapper, since anything can be thrown, also undefined. */
export interface Failure {
  readonly error: unknown;
}

/** Tells listeners and meters. Nothing is built for one that is not there, and no clock read. */
export class Report<R> {
  readonly #settings: PoolSettings<R>;
  readonly #emitter: Emitter<PoolEvents<R>>;
  readonly #clock: Clock;
  readonly #measures: Measures | undefined;
  /** What was told to be leaked and has not come back. */
  readonly #leaked = new Set<Slot<R>>();

  constructor(settings: PoolSettings<R>, emitter: Emitter<PoolEvents<R>>, measures: Measures | undefined) {
    this.#settings = settings;
    this.#emitter = emitter;
    this.#clock = settings.clock;
    this.#measures = measures;
  }

  /** Its create, or its use. */
  begins(slot: Slot<R>): void {
    if (this.#measures !== undefined) slot.since = this.#clock.now();
  }

  /** It is not on loan any more. */
  used(slot: Slot<R>): void {
    this.#measures?.use.record(this.#secondsSince(slot.since));
    if (this.#leaked.delete(slot)) this.#emit("unleaked", { resource: slot.resource, origin: slot.origin ?? "" });
  }

  /** Somebody who had to wait was served. */
  waited(askedAt: number): void {
    this.#measures?.wait.record(this.#secondsSince(askedAt));
    if (!this.#emitter.has("slowAcquire")) return;
    const waitedMs = this.#clock.now() - askedAt;
    if (waitedMs >= this.#settings.slowAcquireMs) this.#emitter.emit("slowAcquire", { waitedMs });
  }

  /** `failures`: how many creates had failed in a row before. */
  created({ resource, since }: Slot<R>, failures: number): void {
    this.#measures?.create.record(this.#secondsSince(since));
    this.#emit("created", { resource });
    if (failures > 0) this.#emit("recovered", { failures });
  }

  createFailed(error: unknown, retryInMs: number): void {
    this.#measures?.createFailures.add(1);
    this.#emit("createFailed", { error, retryInMs });
  }

  invalid({ resource }: Slot<R>, failure: Failure | undefined): void {
    this.#emit("validateFailed", { resource, ...failure });
  }

  notReset({ resource }: Slot<R>, failure: Failure | undefined): void {
    this.#emit("resetFailed", { resource, ...failure });
  }

  /** A failure that nobody listens for becomes a warning: a resource may be left open somewhere. */
  destroyed({ resource, fault }: Slot<R>, reason: DestroyReason, failure: Failure | undefined): void {
    this.#measures?.destroyed(reason);
    if (failure === undefined) this.#emit("destroyed", { resource, reason, ...(fault !== undefined && { error: fault }) });
    else this.#emitOrWarn("destroyFailed", { resource, reason, ...failure }, () => failure.error);
  }

  leaked(slot: Slot<R>): void {
    const { resource, origin = "" } = slot;
    this.#leaked.add(slot);
    const { leakAfterMs, name } = this.#settings;
    const warning = (): Error => new Error(`${nameOf(name)}: a resource is out for ${leakAfterMs} ms, acquired\n${origin}`);
    this.#emitOrWarn("leaked", { resource, origin }, warning);
  }

  nested(held: number): void {
    const { name, size } = this.#settings;
    const text = `${nameOf(name)}: a caller who holds ${held} of ${size.max} waits for another; when all do so, none is served`;
    this.#emitOrWarn("nestedAcquire", { held, max: size.max }, () => new Error(text));
  }

  closed(report: CloseReport): void {
    this.#emit("closed", report);
  }

  #emit<Type extends keyof PoolEvents<R>>(type: Type, event: PoolEvents<R>[Type]): void {
    if (this.#emitter.has(type)) this.#emitter.emit(type, event);
  }

  #emitOrWarn<Type extends keyof PoolEvents<R>>(type: Type, event: PoolEvents<R>[Type], warning: () => unknown): void {
    if (this.#emitter.has(type)) this.#emitter.emit(type, event);
    else warn(warning());
  }

  #secondsSince(since: number): number {
    return (this.#clock.now() - since) / 1000;
  }
}
