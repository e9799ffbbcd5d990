import { ignoreAbort, listenForAbort, LazyAbort, type AbortListener } from "@breakwater/core";
import { ClientGoneError } from "../front/abort-reasons.ts";

/**
 * Whether the client of a request is still there. It is gone when the request's signal says so, or when the body of the answer is
 * cancelled; what the platform gives as the reason differs, so the reason is always a {@link ClientGoneError}.
 *
 * The request's signal is not touched before somebody looks: some servers make it only then, and it costs them a whole Request.
 */
export class Arrival extends LazyAbort implements AbortListener {
  readonly #request: Request;
  #followed: AbortSignal | undefined = undefined;
  #onGone: (() => void) | undefined = undefined;

  constructor(request: Request) {
    super();
    this.#request = request;
  }

  override get signal(): AbortSignal {
    this.#follow();
    return super.signal;
  }

  /** Whether somebody has looked at the signal. */
  get isWatched(): boolean {
    return this.#followed !== undefined;
  }

  /** While an answer streams: calls back when the client goes. */
  whenGone(callback: () => void): void {
    this.#onGone = callback;
    this.#follow();
  }

  gone(): void {
    this.release();
    this.abort(new ClientGoneError());
    const callback = this.#onGone;
    this.#onGone = undefined;
    callback?.();
  }

  /** @internal The request's signal was aborted. */
  aborted(): void {
    this.gone();
  }

  /** The answer is out: nothing is listened to any more. */
  release(): void {
    if (this.#followed !== undefined) ignoreAbort(this.#followed, this);
    this.#followed = undefined;
  }

  #follow(): void {
    if (this.#followed !== undefined || this.isAborted) return;
    const { signal } = this.#request;
    if (signal.aborted) {
      this.gone();
      return;
    }
    this.#followed = signal;
    listenForAbort(signal, this);
  }
}
