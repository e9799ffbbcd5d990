import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { CloseReport } from "../events.ts";
import { Deferred } from "../deferred.ts";

/** One lent resource, and the way to take it away. */
export interface Revocable {
  isLent(): boolean;
  revoke(): void;
}

/** What a close has to do with. */
export interface Lendings {
  readonly creator: { readonly abandoned: number };
  readonly destroyer: { readonly failures: number };
  lent(): readonly Revocable[];
}

/**
 * The end of a pool: a promise that resolves when the last place is free, and the one time after which borrowers are
 * not waited for any more. A second close joins the first; its grace counts from its own call, and can only hasten.
 */
export class Closing implements Expiring {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #supply: Lendings;
  /** Before the close. */
  readonly #oldFailures: number;
  readonly #done = new Deferred<CloseReport>();
  #isDone = false;
  deadlineAt: number = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  #revoked = 0;

  constructor(clock: Clock, deadlines: Deadlines, supply: Lendings) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#supply = supply;
    this.#oldFailures = supply.destroyer.failures;
  }

  get promise(): Promise<CloseReport> {
    return this.#done.promise;
  }

  hasten(graceMs: number): void {
    if (this.#isDone) return;
    const forceAt = this.#clock.now() + graceMs;
    if (forceAt >= this.deadlineAt) return;
    this.#deadlines.delete(this);
    this.deadlineAt = forceAt;
    if (graceMs === 0) this.expire();
    else this.#deadlines.add(this);
  }

  /** Every place is free. The report, or undefined when that was known. */
  finish(): CloseReport | undefined {
    if (this.#isDone) return undefined;
    this.#isDone = true;
    this.#deadlines.delete(this);
    const { creator, destroyer } = this.#supply;
    const destroyFailures = destroyer.failures - this.#oldFailures;
    const report: CloseReport = { revoked: this.#revoked, abandoned: creator.abandoned, destroyFailures };
    this.#done.resolve(report);
    return report;
  }

  expire(): void {
    for (const loan of this.#supply.lent()) {
      if (!loan.isLent()) continue; // what was done about another one has returned it
      this.#revoked += 1; // first: taking away the last one may end the pool, which tells how many they were
      loan.revoke();
    }
  }
}
