import { ignoreAbort, listenForAbort, isThenable, LazyAbort, type AbortListener, type Call, type Expiring } from "@breakwater/core";
import { BestError } from "./best-error.ts";
import { HedgeLostError, type HedgeLostReason } from "./errors.ts";
import type { HedgeReason } from "./events.ts";
import type { RaceContext } from "./race-context.ts";
import { Try } from "./try.ts";
import { callOfTry } from "./try-call.ts";
import { isIdempotent, verdictOf } from "./verdict.ts";

/**
 * One call, and the tries that race for it: how it works, and why.
 *
 *     start                 delay                        settled
 *     |  try 1  ------------+----------------------------x aborted; what it says later is disposed of
 *     |                     |  try 2  -------------------> first answer
 *
 * The problem is not to send a second try, but to account for all of them when one has answered. So each try reports here, once,
 * by `#succeed` or `#fail`, and the call settles once, in `#settle`, which takes it out of the timer and off the caller's signal
 * before anybody hears of it: whatever a listener, an abort handler or the work does in return finds a call that is over.
 * What is reported after that is late: results go to `dispose`, errors to an event, so none is unhandled.
 *
 * `#hedgesLeft` is the only thing that lets a hedge start. It goes to 0 for good when the call settles, when the budget says no,
 * and when the deadline has come; nothing of that touches a try that runs. (failsafe-go#141 stopped running ones.)
 *
 * Two things send a hedge: time, and a failure, which leaves nothing to wait for (gRPC's A6). Each one sent starts the delay anew.
 * A refusal says nothing about the dependency, and asking again at once would be refused again; an error on which an inner retry gave
 * up has had its attempts, and two layers that repeat multiply. Neither sends a hedge. But neither ends the call, while another try
 * may answer.
 *
 * All calls share one timer, which runs in the context (AsyncLocalStorage) of the call that set it. So it only resolves a promise, and
 * the hedge starts in a reaction to that, which runs in the context of its own call: one request's work is not traced as another's.
 *
 * When all have failed, the caller gets the error of the earliest try that failed, the first one's unless that was refused: what he
 * would have got without hedges. The others are in the event `failed`.
 *
 * A try has a signal of its own only if it may lose, that is, run beside another. It does not listen to the caller's: the race
 * does, once for all of them, and hands the abort on. Rejected: `LinkedAbort` for each try, which makes its AbortController at once,
 * for each call, and adds a listener for each.
 */
export class Race<In, Out, C extends Call> implements Expiring, AbortListener {
  /** When the next hedge is due. Changes only in `#schedule`, and while it waits not at all. */
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  readonly #context: RaceContext;
  readonly #service: (input: In, call: C) => Out | PromiseLike<Out>;
  readonly #input: In;
  readonly #call: C;
  readonly #resolve: (value: Out) => void;
  readonly #reject: (error: unknown) => void;
  readonly #delayMs: number;
  readonly #startedAt: number;
  /** Whether time sends hedges. If not, one try runs at a time. */
  readonly #isTimed: boolean;
  #hedgesLeft: number;
  #latest: Try | undefined = undefined;
  #running = 0;
  /** Sends the hedge that is due, in the context of its own call. */
  #wake: (() => void) | undefined = undefined;
  #isSettled = false;
  /** What to reject with, once a try has failed. */
  #best: BestError | undefined = undefined;

  constructor(
    context: RaceContext,
    service: (input: In, call: C) => Out | PromiseLike<Out>,
    input: In,
    call: C,
    resolve: (value: Out) => void,
    reject: (error: unknown) => void,
  ) {
    const { settings } = context;
    this.#context = context;
    this.#service = service;
    this.#input = input;
    this.#call = call;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#startedAt = context.readsClock ? settings.clock.now() : 0;
    const delayMs = context.ledger.delayMs(this.#startedAt);
    this.#delayMs = Math.max(delayMs ?? Infinity, 0); // what a measured delay says is not ours
    this.#hedgesLeft = delayMs !== undefined && isIdempotent(settings, call) ? settings.maxHedges : 0;
    this.#isTimed = this.#hedgesLeft > 0 && this.#startedAt + this.#delayMs < (call.deadlineAt ?? Infinity);
  }

  start(): void {
    if (this.#call.signal !== undefined) listenForAbort(this.#call.signal, this);
    this.#send(this.#startedAt);
  }

  /** The hedge is due. The one timer runs in the context of whichever call has set it, so nothing else is done here. */
  expire(): void {
    this.#wake?.();
  }

  /** The caller has gone away. */
  aborted(reason: unknown): void {
    if (!this.#settle()) return;
    this.#reject(reason);
    this.#abortRest(reason);
  }

  #send(now: number): void {
    const own = new Try(this.#latest, this.#mayLose ? new LazyAbort() : undefined);
    this.#latest = own;
    this.#running += 1;
    this.#context.ledger.running += 1;
    this.#launch(own);
    if (this.#latest === own) this.#schedule(now); // else it failed in its start, and the next one has been sent
  }

  #launch(own: Try): void {
    const service = this.#service; // called without a `this`, which would be the race
    let result: Out | PromiseLike<Out>;
    let promise: Promise<Out> | undefined;
    try {
      result = service(this.#input, own.abort === undefined ? this.#call : callOfTry(this.#call, own.abort));
      // A native promise is followed as it is; anything else, with a `then` of its own, costs one more hop.
      promise = isThenable(result) ? Promise.resolve(result) : undefined;
    } catch (error) {
      this.#fail(own, error);
      return;
    }
    if (promise === undefined) {
      this.#succeed(own, result as Out); // it is no PromiseLike
      return;
    }
    promise.then(
      (value) => this.#succeed(own, value),
      (error: unknown) => this.#fail(own, error),
    );
  }

  #succeed(own: Try, value: Out): void {
    const { ledger } = this.#context;
    this.#end(own);
    if (!this.#settle()) {
      ledger.dispose(own.attempt, value);
      return;
    }
    this.#measureFirst(own);
    this.#resolve(value);
    ledger.won(own.attempt, (this.#latest?.attempt ?? 1) - 1);
    this.#abortLosers("won", own);
  }

  #fail(own: Try, error: unknown): void {
    const { ledger, settings } = this.#context;
    this.#end(own);
    if (this.#isSettled) {
      ledger.failed(own.attempt, error, true);
      return;
    }
    const verdict = verdictOf(settings, error, own, this.#call);
    this.#best ??= new BestError();
    this.#best.offer(error, verdict, own.attempt);
    ledger.failed(own.attempt, error, false);
    if (verdict === "failure") this.#hedge("failed");
    if (verdict === "fatal" || this.#running === 0) this.#giveUp(own);
  }

  #giveUp(own: Try): void {
    if (!this.#settle()) return; // the user's code has aborted it meanwhile, or the hedge that was sent has ended it at once
    this.#reject(this.#best?.error);
    this.#abortLosers("failed", own);
  }

  /** Sends one if it may. What the user's code does meanwhile may settle the call. */
  #hedge(reason: HedgeReason): void {
    if (this.#hedgesLeft === 0) return;
    const now = this.#context.readsClock || this.#call.deadlineAt !== undefined ? this.#context.settings.clock.now() : 0;
    const isPaid = now < (this.#call.deadlineAt ?? Infinity) && this.#context.ledger.pays((this.#latest?.attempt ?? 0) + 1, reason);
    if (!isPaid) this.#stopHedging();
    if (!isPaid || this.#isSettled) return;
    this.#hedgesLeft -= 1;
    this.#send(now);
  }

  #schedule(now: number): void {
    const { deadlines } = this.#context;
    deadlines.delete(this);
    if (!this.#isTimed || this.#hedgesLeft === 0) return;
    if (this.#delayMs === 0) {
      this.#hedge("slow"); // which comes back here
      return;
    }
    const dueAt = now + this.#delayMs;
    if (dueAt >= (this.#call.deadlineAt ?? Infinity)) return;
    this.deadlineAt = dueAt;
    deadlines.add(this);
    this.#awaitDue(this.#latest);
  }

  #awaitDue(latest: Try | undefined): void {
    const due = new Promise<void>((wake) => (this.#wake = wake));
    // In the same turn a failure may have sent it, and the delay have begun anew.
    void due.then(() => {
      if (this.#latest === latest) this.#hedge("slow");
    });
  }

  #stopHedging(): void {
    this.#hedgesLeft = 0;
    this.#context.deadlines.delete(this);
  }

  /** False when it is settled already. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#stopHedging();
    if (this.#call.signal !== undefined) ignoreAbort(this.#call.signal, this);
    return true;
  }

  #end(own: Try): void {
    own.isRunning = false;
    this.#running -= 1;
    this.#context.ledger.running -= 1;
  }

  // The tries before it may still run, and there may be more to come.
  get #mayLose(): boolean {
    return this.#isTimed && (this.#running > 0 || this.#hedgesLeft > 0);
  }

  #abortLosers(reason: HedgeLostReason, own: Try): void {
    if (this.#running > 0) this.#abortRest(new HedgeLostError(reason, own.attempt, this.#context.settings.name));
  }

  #abortRest(reason: unknown): void {
    for (let one = this.#latest; one !== undefined; one = one.previous) {
      if (one.isRunning) one.abort?.abort(reason);
    }
  }

  /** The first try has answered, or it loses now. */
  #measureFirst(winner: Try): void {
    const { settings, ledger } = this.#context;
    if (settings.measured === undefined || !(winner.attempt === 1 || winner.isFirstRunning)) return;
    ledger.measured(this.#startedAt, settings.clock.now());
  }
}
