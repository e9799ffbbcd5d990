import { attempt } from "./attempt.ts";
import { CreateTask } from "./create-task.ts";
import { PoolFactoryTimeoutError } from "../errors.ts";
import type { PoolSettings } from "../options.ts";
import type { Slot, SlotWatch } from "../stock/slot.ts";

/**
 * Creating, bounded in time. How it works, and why.
 *
 * The slot is reserved before the factory is called, so concurrent creates cannot exceed `max`. A create that takes too
 * long is reported as failed and told to stop through its signal, but its slot stays taken (`overdue`) until the factory
 * has settled: a factory that ignores the signal would otherwise open any number of connections at once. What arrives
 * late is welcome all the same; it is only treated as used, since nobody knows how long it has stood there.
 *
 * Which waiter gets the resource is not decided here: no waiter is bound to its own create.
 */
export interface CreatorOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly watch: SlotWatch;
  /** The slot holds its resource now. */
  readonly created: (slot: Slot<R>, isLate: boolean) => void;
  /** The slot is `gone`, or `overdue`. */
  readonly failed: (error: unknown) => void;
  /** The slot of a create that had failed before, or of one that was cancelled, is `gone`. */
  readonly ended: () => void;
  readonly remove: (slot: Slot<R>) => void;
  /** The resource said so itself. */
  readonly broken: (slot: Slot<R>, error: unknown) => void;
}

export class Creator<R> {
  readonly #options: CreatorOptions<R>;
  /** In flight and in time. */
  creating = 0;
  /** In flight, timed out. */
  overdue = 0;
  created = 0;
  failures = 0;
  /** Given up at the close, still running. */
  abandoned = 0;

  constructor(options: CreatorOptions<R>) {
    this.#options = options;
  }

  /** The slot is reserved already. */
  start(slot: Slot<R>): void {
    const { settings, watch } = this.#options;
    const task = new CreateTask((error) => this.#options.broken(slot, error));
    slot.task = task;
    this.creating += 1;
    attempt(
      () => settings.create(task),
      (resource) => this.#succeeded(slot, resource),
      (error) => this.#failed(slot, error),
    );
    // The factory may have settled, or closed the pool, before it returned.
    if (slot.state === "creating" && !task.isAborted) watch.start(slot, settings.createTimeoutMs);
  }

  /** Nobody wants it any more. It gets as long to settle as a destroy would. */
  cancel(slot: Slot<R>, reason: unknown): void {
    this.#options.watch.start(slot, this.#options.settings.destroyTimeoutMs);
    slot.task?.abort(reason);
  }

  /** It took too long: to be hoped for, or, when it was cancelled, to be waited for. */
  expired(slot: Slot<R>, isCancelled: boolean): void {
    const { task } = slot;
    if (isCancelled) {
      this.#end(slot);
      return;
    }
    this.#leave(slot);
    slot.state = "overdue";
    slot.task = task;
    this.overdue += 1;
    this.failures += 1;
    const { name, createTimeoutMs } = this.#options.settings;
    const error = new PoolFactoryTimeoutError(name, "create", createTimeoutMs);
    this.#options.failed(error);
    task?.abort(error);
  }

  #succeeded(slot: Slot<R>, resource: R): void {
    const isLate = slot.state !== "creating";
    slot.resource = resource;
    this.created += 1;
    this.#leave(slot);
    if (slot.state === "gone") slot.state = "overdue"; // the close gave it up, but here it is, and must be destroyed
    this.#options.created(slot, isLate);
  }

  #failed(slot: Slot<R>, error: unknown): void {
    if (slot.state === "gone") return;
    const isKnown = slot.state === "overdue" || slot.task?.isAborted === true;
    this.#leave(slot);
    slot.state = "gone";
    this.#options.remove(slot);
    if (isKnown) {
      this.#options.ended();
    } else {
      this.failures += 1;
      this.#options.failed(error);
    }
  }

  #end(slot: Slot<R>): void {
    this.abandoned += 1;
    this.#leave(slot);
    slot.state = "gone";
    this.#options.remove(slot);
    this.#options.ended();
  }

  #leave(slot: Slot<R>): void {
    if (slot.state === "creating") this.creating -= 1;
    if (slot.state === "overdue") this.overdue -= 1;
    slot.task = undefined;
    this.#options.watch.stop(slot);
  }
}
