import { ignoreAbort, listenForAbort, withCause, isThenable, type AbortListener, type Call, type Expiring } from "@breakwater/core";
import { BoundedCall } from "./bounded-call.ts";
import type { Bounds } from "./bounds.ts";
import type { Due } from "./second-look.ts";

/**
 * One piece of work that may take so long.
 *
 * How it works, and why. Three things end the wait for the work: it settles, its time is over, or the caller goes away. Whichever
 * comes first decides, and what the others say later changes nothing for the caller:
 *
 *                     settles                        the work's own value or error
 *     running  ---->  caller aborts ---> aborted     the caller's own reason; cooperative: what the work answers to the abort
 *                     time is over  ---> timedOut    TimeoutError; cooperative: once the work has let go
 *
 *     aborted, timedOut  ---->  answered             at once; cooperative: when the work settles, or the grace is over
 *
 * After the time the caller gets a TimeoutError in both modes, also if the work still gives a value: whoever was told 800 ms
 * must not get answers of 1,500 ms now and then. What the modes differ in is when. Cooperative, the promise is pending for as
 * long as the work runs, so that a place held round it is free only when the work has ended, not while five more of it pile up.
 *
 * The invariant: the caller's promise settles once, in #answer, and by then no timer and no listener is left. What nobody gets
 * any more goes to `dispose` and to the events, so that no value is lost and no rejection unhandled.
 *
 * The caller's abort wins over a time that is over in the same turn: the signal is asked once more before failing.
 *
 * Work that answers at once, with no promise, costs no timer and no listener.
 *
 * The one timer fires in the async context (`AsyncLocalStorage`) of whichever call has set it, and what listens to the signal of
 * this work, or to events, must not take that for its own. So where somebody can tell, the timer only resolves a promise, and what
 * follows is done by whoever awaits it, in the context of this call.
 */
type Phase = "running" | "aborted" | "timedOut" | "answered";

export class BoundedRun<T> implements Expiring, AbortListener, Due {
  readonly call: BoundedCall;
  heapIndex = -1;
  /** When the time is over; later, when the grace is. Changes only outside the time line. */
  deadlineAt: number | undefined;
  readonly #bounds: Bounds;
  readonly #outer: Call;
  /** The caller's. */
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number;
  #phase: Phase = "running";
  /** When it was started; of work that was told to stop, when that was. */
  #since: number;
  /** The phase whose time seems to be over. */
  #due: Phase | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  /** Goes on in the context of this call; undefined while nobody could tell. */
  #goOn: (() => void) | undefined = undefined;
  /** Whether the work was told to stop, and why. */
  #isStopped = false;
  #reason: unknown = undefined;
  // Set when the work gave a promise; nothing answers before.
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  /**
   * The caller's signal is read by who starts this, once: it may be one that is made when somebody looks.
   *
   * @param endsAt - when the time is over, in the clock's ms; Infinity for never
   * @param timeoutMs - how long that is from now, as it was asked for: a difference of times is off in the last digit
   */
  constructor(bounds: Bounds, outer: Call, signal: AbortSignal | undefined, now: number, endsAt: number, timeoutMs: number) {
    this.#bounds = bounds;
    this.#outer = outer;
    this.#signal = signal;
    this.#since = now;
    this.#timeoutMs = timeoutMs;
    this.deadlineAt = endsAt === Infinity ? undefined : endsAt;
    // Written so that a deadline which is no number is replaced.
    const isTighter = outer.deadlineAt !== undefined && outer.deadlineAt < endsAt;
    this.call = new BoundedCall(outer, isTighter ? outer.deadlineAt : endsAt, this);
    bounds.counts.running += 1;
  }

  /** The work's, made when somebody looks. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isStopped) this.#controller.abort(this.#reason);
      else if (this.#goOn === undefined) this.#keepContext();
    }
    return this.#controller.signal;
  }

  /** What the caller gets of what the work gave. */
  follow(result: T | PromiseLike<T>): Promise<T> {
    if (!isThenable(result)) {
      this.#bounds.counts.running -= 1;
      this.#bounds.succeeded();
      return Promise.resolve(result);
    }
    // A native promise is itself; what only inherits from it may call back at once, or throw.
    const promise = Promise.resolve(result);
    return new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      // First, so that the work has a listener whatever the caller's signal turns out to be.
      promise.then(
        (value) => this.#succeed(value),
        (error: unknown) => this.#fail(error),
      );
      this.#watch();
    });
  }

  /** The work threw at once. */
  threw(error: unknown): void {
    this.#bounds.counts.running -= 1;
    this.#bounds.failed(error, this.#outer);
  }

  /** @internal Its time, or its grace, seems to be over. */
  expire(): void {
    this.#due = this.#phase;
    this.#bounds.secondLook.add(this);
  }

  /** @internal */
  look(): void {
    if (this.#due !== this.#phase) return;
    if (this.#goOn === undefined) this.#decide();
    else this.#goOn();
  }

  #decide(): void {
    this.#goOn = undefined;
    if (this.#due !== this.#phase) return; // something happened on the way
    if (this.#phase !== "running") this.#abandon();
    else if (this.#signal?.aborted === true) this.aborted(this.#signal.reason);
    else this.#timeOut();
  }

  /** @internal The caller went away. Only while running: whoever leaves that phase stops listening. */
  aborted(reason: unknown): void {
    this.#leave();
    this.#stop("aborted", reason);
  }

  #timeOut(): void {
    this.#leave();
    const error = this.#bounds.timeoutError(this.#timeoutMs);
    this.#stop("timedOut", error);
    this.#bounds.timedOut(error);
  }

  // The caller's promise first: the listeners of the work's signal are foreign code.
  #stop(phase: "aborted" | "timedOut", reason: unknown): void {
    const { isCooperative, graceMs } = this.#bounds.settings;
    this.#isStopped = true;
    this.#reason = reason;
    this.#since = this.#bounds.now;
    this.#phase = phase;
    if (isCooperative && graceMs > 0) this.#await(graceMs);
    else this.#dismiss();
    this.#controller?.abort(reason);
  }

  #await(graceMs: number): void {
    this.deadlineAt = graceMs === Infinity ? undefined : this.#since + graceMs;
    this.#wait();
  }

  #abandon(): void {
    this.#dismiss();
    this.#bounds.abandoned(this.#reason);
  }

  /** Answers the caller while the work still runs. */
  #dismiss(): void {
    if (this.#phase === "aborted") this.#bounds.neutral();
    this.#bounds.counts.abandoned += 1;
    this.#answer();
    this.#reject(this.#reason);
  }

  #succeed(value: T): void {
    const phase = this.#settle();
    if (phase === "running" || phase === "aborted") {
      this.#bounds.succeeded();
      this.#resolve(value);
    } else {
      if (phase === "timedOut") this.#reject(this.#reason);
      this.#bounds.lateResult(value, this.#bounds.now - this.#since);
    }
  }

  #fail(error: unknown): void {
    const phase = this.#settle();
    if (phase === "running" || phase === "aborted") {
      this.#bounds.failed(error, this.#outer);
      this.#reject(error);
      return;
    }
    // Work that lets go with the reason it was given has said nothing new.
    const isNew = !repeats(error, this.#reason);
    if (phase === "timedOut") this.#reject(isNew ? withCause(this.#reason, error) : this.#reason);
    if (isNew) this.#bounds.lateError(error, this.#bounds.now - this.#since);
  }

  /** The work has settled. Returns the phase that it was in. */
  #settle(): Phase {
    const phase = this.#phase;
    this.#bounds.counts.running -= 1;
    if (phase === "answered") this.#bounds.counts.abandoned -= 1;
    else this.#answer();
    return phase;
  }

  #answer(): void {
    this.#leave();
    this.#phase = "answered";
  }

  #watch(): void {
    if (this.#signal?.aborted === true) {
      this.aborted(this.#signal.reason); // by the work itself
      return;
    }
    if (this.#signal !== undefined) listenForAbort(this.#signal, this);
    this.#wait();
  }

  #wait(): void {
    if (this.#goOn === undefined && this.#bounds.isHeard) this.#keepContext();
    this.#bounds.timeLine.add(this, this.#since);
  }

  #keepContext(): void {
    void new Promise<void>((resolve) => {
      this.#goOn = resolve;
    }).then(() => this.#decide());
  }

  #leave(): void {
    this.#bounds.timeLine.delete(this);
    if (this.#signal !== undefined) ignoreAbort(this.#signal, this);
  }
}

/** Whether an error is this reason, or an AbortError because of it, as Node's own functions reject with. */
function repeats(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === "AbortError" && error.cause === reason);
}
