import type { Endpoint } from "./endpoint.ts";
import type { Host } from "./host.ts";

/** Where picks are settled. */
export interface Desk<T> {
  succeed(host: Host<T>, pickedAt: number, epoch: number, isLongPoll: boolean): void;
  fail(host: Host<T>, pickedAt: number, epoch: number, isLongPoll: boolean, error: unknown): void;
  cancel(host: Host<T>, pickedAt: number, isLongPoll: boolean): void;
  release(host: Host<T>, pickedAt: number, isLongPoll: boolean): void;
}

/**
 * An endpoint that was chosen for one call, which counts as in flight there until it is settled. Say once how it went; whatever is
 * said after that changes nothing.
 */
export class Pick<T> {
  readonly endpoint: Endpoint<T>;
  readonly #host: Host<T>;
  readonly #pickedAt: number;
  readonly #epoch: number;
  readonly #isLongPoll: boolean;
  #desk: Desk<T> | undefined;

  /** @internal Made by `pick`. */
  constructor(desk: Desk<T>, host: Host<T>, pickedAt: number, isLongPoll: boolean) {
    this.endpoint = host.endpoint;
    this.#host = host;
    this.#pickedAt = pickedAt;
    this.#epoch = host.conduct.epoch;
    this.#isLongPoll = isLongPoll;
    this.#desk = desk;
  }

  get value(): T {
    return this.endpoint.value;
  }

  /** It answered. The time since the pick is how long it took. */
  success(): void {
    const desk = this.#desk;
    this.#desk = undefined;
    desk?.succeed(this.#host, this.#pickedAt, this.#epoch, this.#isLongPoll);
  }

  /** It failed. An error with `retryAfterMs` asks for so long to be left alone. */
  failure(error?: unknown): void {
    const desk = this.#desk;
    this.#desk = undefined;
    desk?.fail(this.#host, this.#pickedAt, this.#epoch, this.#isLongPoll, error);
  }

  /** The caller went away before it answered: it would have taken longer than until now, which is all that is known. */
  cancel(): void {
    const desk = this.#desk;
    this.#desk = undefined;
    desk?.cancel(this.#host, this.#pickedAt, this.#isLongPoll);
  }

  /** Nothing was asked, or what came of it says nothing about the endpoint. */
  release(): void {
    const desk = this.#desk;
    this.#desk = undefined;
    desk?.release(this.#host, this.#pickedAt, this.#isLongPoll);
  }

  /** {@link release}, for `using`: a call that ends in a way that nobody foresaw is not in flight for ever. */
  [Symbol.dispose](): void {
    this.release();
  }
}
