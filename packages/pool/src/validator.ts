import { attempt } from "./attempt.ts";
import { PoolFactoryTimeoutError } from "./errors.ts";
import type { PoolSettings } from "./options.ts";
import type { Slot, SlotWatch } from "./slot.ts";

/**
 * Asking whether a resource is still good, before it is used again. How it works, and why.
 *
 * A check belongs to the resource, not to the waiter on whose behalf it began. The waiter keeps its place in the line
 * and its deadline; whoever is the oldest when the answer comes gets the resource. So an abort takes effect at once, a
 * resource whose waiter left goes to the next one or becomes idle, and no order is lost after a failed check.
 */
export interface ValidatorOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly validate: NonNullable<PoolSettings<R>["validate"]>;
  readonly watch: SlotWatch;
  readonly valid: (slot: Slot<R>) => void;
  /** `failure` when validate threw, rejected or took too long. */
  readonly invalid: (slot: Slot<R>, failure?: { readonly error: unknown }) => void;
}

export class Validator<R> {
  readonly #options: ValidatorOptions<R>;
  /** In flight. */
  validating = 0;
  failures = 0;

  constructor(options: ValidatorOptions<R>) {
    this.#options = options;
  }

  /** Calls `valid` or `invalid`, in this very turn when validate answers at once. */
  check(slot: Slot<R>): void {
    const { settings, validate, watch } = this.#options;
    slot.state = "validating";
    this.validating += 1;
    attempt(
      () => validate(slot.resource),
      (answer) => this.#answered(slot, answer),
      (error) => this.#failed(slot, error),
    );
    if (isUnanswered(slot)) watch.start(slot, settings.validateTimeoutMs);
  }

  expired(slot: Slot<R>): void {
    const { name, validateTimeoutMs } = this.#options.settings;
    this.#failed(slot, new PoolFactoryTimeoutError(name, "validate", validateTimeoutMs));
  }

  /** The slot goes on without an answer. */
  leave(slot: Slot<R>): void {
    this.validating -= 1;
    this.#options.watch.stop(slot);
  }

  #answered(slot: Slot<R>, answer: boolean): void {
    if (slot.state !== "validating") return;
    // Callers without types answer with anything.
    if (answer) {
      this.leave(slot);
      this.#options.valid(slot);
    } else {
      this.failures += 1;
      this.#options.invalid(slot);
    }
  }

  #failed(slot: Slot<R>, error: unknown): void {
    if (slot.state !== "validating") return;
    this.failures += 1;
    this.#options.invalid(slot, { error });
  }
}

// Asked out of line, because the compiler does not see that `attempt` may have changed it.
function isUnanswered<R>(slot: Slot<R>): boolean {
  return slot.state === "validating";
}
