import { Deadlines, isRejected, type Clock, type Expiring } from "@breakwater/core";
import { SecondLevelTimeoutError } from "../errors.ts";
import { Circuit } from "./circuit.ts";

export type Operation = "get" | "set" | "delete";

export interface ReachOptions<K> {
  readonly clock: Clock;
  readonly now: () => number;
  readonly name: string | undefined;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly pauseMs: number;
  readonly failed: (operation: Operation, key: K, error: unknown) => void;
  readonly skipped: () => void;
  readonly changed: (isPaused: boolean) => void;
}

/** What the store answered, which may be undefined. */
export interface Answer<T> {
  readonly value: T;
}

/** A timer that is later than this was held up by a blocked event loop. */
const lateMs = 5;

/**
 * Operations on the store, none of which rejects or takes longer than it may: a wait with a bound, and a pause after failures in a row.
 *
 * After a blocked event loop the timers fire before the answers are read that lie in the socket. So a timer that is late lets the loop
 * go round once more before it says that the store is slow.
 */
export class Reach<K> {
  readonly #options: ReachOptions<K>;
  readonly #circuit: Circuit;
  readonly #deadlines: Deadlines;

  constructor(options: ReachOptions<K>) {
    this.#options = options;
    this.#circuit = new Circuit(options, options.changed);
    this.#deadlines = new Deadlines(options.clock);
  }

  get isPaused(): boolean {
    return this.#circuit.isPaused;
  }

  /** Undefined at once if the store is left alone. The promise is undefined if it failed or did not answer in time. */
  attempt<T>(operation: Operation, key: K, work: () => PromiseLike<T>): Promise<Answer<T> | undefined> | undefined {
    const { now, name, timeoutMs, failed, skipped } = this.#options;
    const generation = this.#circuit.admit(now());
    if (generation === undefined) {
      skipped();
      return undefined;
    }
    return new Promise((resolve) => {
      const attempt = new Attempt<T>({ now, deadlines: this.#deadlines, deadlineAt: now() + timeoutMs, isHousekeeping: operation !== "get" });
      attempt.run(work, () => new SecondLevelTimeoutError(name, operation, timeoutMs), (answer, error) => {
        this.#circuit.settle(generation, outcomeOf(answer, error), now());
        if (answer === undefined) failed(operation, key, error);
        resolve(answer);
      });
    });
  }
}

function outcomeOf(answer: unknown, error: unknown): "success" | "failure" | "neutral" {
  if (answer !== undefined) return "success";
  return isRejected(error) ? "neutral" : "failure";
}

/** One operation that is under way, and its bound. */
class Attempt<T> implements Expiring {
  heapIndex = -1;
  deadlineAt: number;
  /** Nobody waits for a write. */
  readonly isHousekeeping: boolean;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  #timeout: (() => unknown) | undefined = undefined;
  /** Called once. */
  #done: ((answer: Answer<T> | undefined, error: unknown) => void) | undefined = undefined;
  #hasGrace = true;

  constructor({ now, deadlines, deadlineAt, isHousekeeping }: { now: () => number; deadlines: Deadlines; deadlineAt: number; isHousekeeping: boolean }) {
    this.#now = now;
    this.#deadlines = deadlines;
    this.deadlineAt = deadlineAt;
    this.isHousekeeping = isHousekeeping;
  }

  run(work: () => PromiseLike<T>, timeout: () => unknown, done: (answer: Answer<T> | undefined, error: unknown) => void): void {
    this.#timeout = timeout;
    this.#done = done;
    this.#deadlines.add(this);
    try {
      Promise.resolve(work()).then(
        (value) => this.#settle({ value }, undefined),
        (error: unknown) => this.#settle(undefined, error),
      );
    } catch (error) {
      this.#settle(undefined, error);
    }
  }

  expire(): void {
    const now = this.#now();
    if (this.#hasGrace && now - this.deadlineAt > lateMs) {
      this.#hasGrace = false;
      this.deadlineAt = now + 1;
      this.#deadlines.add(this);
    } else {
      this.#settle(undefined, this.#timeout?.());
    }
  }

  #settle(answer: Answer<T> | undefined, error: unknown): void {
    const done = this.#done;
    if (done === undefined) return; // it answers late: nobody waits any more
    this.#done = undefined;
    this.#deadlines.delete(this);
    done(answer, error);
  }
}
