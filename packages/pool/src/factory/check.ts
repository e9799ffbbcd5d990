import { attempt } from "./attempt.ts";
import { PoolFactoryTimeoutError, type FactoryStep } from "../errors.ts";
import type { Failure } from "../report.ts";
import type { Slot, SlotWatch } from "../stock/slot.ts";

/**
 * What is done to a resource between two loans: resetting it when it comes back, validating it before it goes out. How it works,
 * and why.
 *
 * A check belongs to the resource, not to the waiter on whose behalf it began. The waiter keeps its place in the line
 * and its deadline; whoever is the oldest when the answer comes gets the resource. So an abort takes effect at once, a
 * resource whose waiter left goes to the next one or becomes idle, and no order is lost after a failed check.
 */
export interface CheckOptions<R> {
  readonly step: Extract<FactoryStep, "validate" | "reset">;
  readonly state: "validating" | "resetting";
  readonly poolName: string | undefined;
  readonly timeoutMs: number;
  readonly watch: SlotWatch;
  readonly ask: (resource: R) => unknown;
  readonly isGood: (answer: unknown) => boolean;
  readonly passed: (slot: Slot<R>) => void;
  /** `failure` when the function threw, rejected or took too long. */
  readonly failed: (slot: Slot<R>, failure?: Failure) => void;
}

export class Check<R> {
  readonly #options: CheckOptions<R>;
  /** In flight. */
  size = 0;
  failures = 0;

  constructor(options: CheckOptions<R>) {
    this.#options = options;
  }

  /** Calls `passed` or `failed`, in this very turn when the function answers at once. */
  start(slot: Slot<R>): void {
    const { ask, state, timeoutMs, watch } = this.#options;
    slot.state = state;
    this.size += 1;
    attempt(
      () => ask(slot.resource),
      (answer) => this.#answered(slot, answer),
      (error) => this.#failed(slot, { error }),
    );
    if (this.#isRunning(slot)) watch.start(slot, timeoutMs, slot.isTested);
  }

  expired(slot: Slot<R>): void {
    const { poolName, step, timeoutMs } = this.#options;
    this.#failed(slot, { error: new PoolFactoryTimeoutError(poolName, step, timeoutMs) });
  }

  /** The slot goes on without an answer. */
  leave(slot: Slot<R>): void {
    this.size -= 1;
    this.#options.watch.stop(slot);
  }

  #answered(slot: Slot<R>, answer: unknown): void {
    if (!this.#options.isGood(answer)) this.#failed(slot, undefined);
    else if (this.#isRunning(slot)) {
      this.leave(slot);
      slot.state = "idle"; // nobody's, wherever it goes
      this.#options.passed(slot);
    }
  }

  #failed(slot: Slot<R>, failure: Failure | undefined): void {
    if (!this.#isRunning(slot)) return;
    this.failures += 1;
    this.#options.failed(slot, failure);
  }

  #isRunning(slot: Slot<R>): boolean {
    return slot.state === this.#options.state;
  }
}
