import { checkNumber, withCause, type Call, type Deadlines } from "@breakwater/core";
import { withdraw } from "./budget/budget.ts";
import type { Ending, RetryContext } from "./events.ts";
import { giveUpCount, markGiveUp, type GiveUpReason } from "./give-ups.ts";
import { contextOf, isRepeatable, isRetryable } from "./judge.ts";
import type { Rules } from "./options.ts";
import { pause } from "./pause.ts";
import type { RetryLog } from "./retry-log.ts";

/** What is retried. Told the number of the attempt, from 1. */
export type RetryWork<T> = (call: Call, attempt: number) => T | PromiseLike<T>;

/** What is done again, with the same input each time. */
export type Step<In, T> = (input: In, call: Call, attempt: number) => T | PromiseLike<T>;

/** What the calls of one retry have in common. */
export interface Shared {
  readonly rules: Rules;
  readonly log: RetryLog;
  readonly deadlines: Deadlines;
}

/** The wait before the next attempt; or why there is none, undefined when the ending is none to be retried. */
type Next = Wait | { readonly giveUp: GiveUpReason | undefined };

interface Wait {
  readonly delayMs: number;
  readonly startsAt: number;
}

// More errors than these nobody reads, and a call without end must not fill the memory.
const keptErrors = 100;

/**
 * A call after its first attempt went wrong.
 *
 * After each attempt it is judged in this order, so that nothing is charged or waited for that cannot be of use: has the caller gone; is it one
 * to be retried; may the work be done twice; are attempts left; is the wait, by the backoff and by what the dependency asked for, over
 * before the deadline; does the budget allow it. The budget comes last and is charged by the same step, before the wait.
 *
 * After the wait the signal and the clock are asked again: the promise that ends a pause lets others run before its own call goes on, and
 * a blocked event loop ends it late.
 */
export class Execution<In, T> {
  readonly #shared: Shared;
  readonly #step: Step<In, T>;
  readonly #input: In;
  readonly #call: Call;
  #attempt = 1;
  /** How many marks there were before the attempt. */
  #since: number;
  #delayOf: ((attempt: number, context: RetryContext) => number) | undefined = undefined;
  #errors: unknown[] | undefined = undefined;

  constructor(shared: Shared, step: Step<In, T>, input: In, call: Call, since: number) {
    this.#shared = shared;
    this.#step = step;
    this.#input = input;
    this.#call = call;
    this.#since = since;
  }

  /**
   * From how the first attempt ended to what the caller gets: at once where that is the end, thrown if it is an error. Nobody waits a hop
   * longer for a result because it was looked at.
   */
  settle(first: Ending): T | Promise<T> {
    const next = this.#judge(first);
    return "giveUp" in next ? this.#end(next.giveUp, first) : this.#continue(next, first);
  }

  async #continue(first: Wait, firstEnding: Ending): Promise<T> {
    let ending = firstEnding;
    let next: Next = first;
    while (!("giveUp" in next)) {
      if (!(await this.#wait(next, ending))) return this.#end("deadline", ending);
      ending = await this.#startAgain();
      next = this.#judge(ending);
    }
    return this.#end(next.giveUp, ending);
  }

  /** False when it is too late for another attempt. Rejects with the caller's reason when the caller goes away. */
  async #wait({ delayMs, startsAt }: Wait, ending: Ending): Promise<boolean> {
    const { log, deadlines, rules } = this.#shared;
    const { signal } = this.#call;
    if (rules.keepsErrors && ending.status === "failed") this.#keep(ending.error);
    log.scheduled(this.#attempt, ending, delayMs, this.#call);
    await pause(startsAt, deadlines, signal);
    log.resumed();
    if (signal?.aborted === true) {
      log.aborted();
      throw signal.reason;
    }
    return rules.clock.now() < this.#deadlineAt;
  }

  async #startAgain(): Promise<Ending> {
    this.#attempt += 1;
    this.#shared.log.retried();
    this.#since = giveUpCount();
    try {
      return { status: "succeeded", value: await this.#step(this.#input, this.#call, this.#attempt) };
    } catch (error) {
      return { status: "failed", error };
    }
  }

  #judge(ending: Ending): Next {
    try {
      return this.#decide(ending);
    } catch (fault) {
      // What the attempt ended with is not lost, unless it was no error.
      const error = ending.status === "failed" ? withCause(fault, ending.error) : fault;
      this.#giveUp("fault", { status: "failed", error });
      throw error;
    }
  }

  #decide(ending: Ending): Next {
    const { rules } = this.#shared;
    const context = contextOf({ attempt: this.#attempt, ending, call: this.#call, since: this.#since });
    if (!isRetryable(rules, ending, context)) return { giveUp: undefined };
    if (!isRepeatable(rules, ending, this.#call)) return { giveUp: "not-idempotent" };
    if (this.#attempt >= rules.attempts) return { giveUp: "attempts" };
    const delayMs = this.#delay(ending, context);
    const startsAt = rules.clock.now() + delayMs;
    // A wait without end outlasts any deadline, and none at all.
    if (!(startsAt < this.#deadlineAt)) return { giveUp: "deadline" };
    if (rules.budget !== undefined && !withdraw(rules.budget)) return { giveUp: "budget" };
    return { delayMs, startsAt };
  }

  #delay(ending: Ending, context: RetryContext): number {
    const { backoff, random, retryAfter } = this.#shared.rules;
    const delayOf = (this.#delayOf ??= backoff.start(random)); // called without a `this`, which would be the execution
    const delayMs = checkNumber("the delay that the backoff answered", delayOf(this.#attempt, context));
    const leastMs = retryAfter(ending.status === "failed" ? ending.error : ending.value, context);
    if (leastMs === undefined || delayMs >= checkNumber("the delay that retryAfter answered", leastMs)) return delayMs;
    // Those who were told the same time do not come back together.
    return leastMs + delayMs * checkNumber("what random answered", random(), { max: 1 });
  }

  get #deadlineAt(): number {
    return this.#call.deadlineAt ?? Infinity;
  }

  #keep(error: unknown): void {
    this.#errors ??= [];
    this.#errors.push(error);
    if (this.#errors.length > keptErrors) this.#errors.shift();
  }

  /** What the caller gets. */
  #end(reason: GiveUpReason | undefined, ending: Ending): T {
    if (reason !== undefined) this.#giveUp(reason, ending);
    if (ending.status === "failed") throw ending.error;
    if (reason === undefined && this.#attempt > 1) this.#shared.log.recovered(this.#attempt, this.#call);
    return ending.value as T; // it is the work's
  }

  #giveUp(reason: GiveUpReason, ending: Ending): void {
    const { rules, log } = this.#shared;
    // A retry with one attempt multiplies nothing, and so forbids nothing to those further out.
    if (ending.status === "failed" && rules.attempts > 1) {
      const errors = rules.keepsErrors ? [...(this.#errors ?? [])] : undefined;
      markGiveUp(ending.error, { reason, attempts: this.#attempt, errors });
    }
    log.gaveUp(reason, this.#attempt, ending, this.#call);
  }
}
