import type { Clock, Timer } from "@breakwater/core";
import { Deferred } from "./deferred.ts";

/** Takes one lent resource away. */
export type Revocable = () => void;

/**
 * The end of a pool: a promise that resolves when the last place is free, and the one timer after which borrowers are
 * not waited for any more. A second close joins the first; its grace counts from its own call, and can only hasten.
 */
export class Closing {
  readonly #clock: Clock;
  readonly #lent: () => readonly Revocable[];
  readonly #done = new Deferred();
  #isDone = false;
  #revoked = 0;
  #forceAt = Infinity;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock, lent: () => readonly Revocable[]) {
    this.#clock = clock;
    this.#lent = lent;
  }

  get promise(): Promise<void> {
    return this.#done.promise;
  }

  get revoked(): number {
    return this.#revoked;
  }

  hasten(graceMs: number): void {
    if (this.#isDone) return;
    const forceAt = this.#clock.now() + graceMs;
    if (forceAt >= this.#forceAt) return;
    this.#timer?.cancel();
    this.#forceAt = forceAt;
    if (graceMs === 0) this.#force();
    else this.#timer = this.#clock.setTimer(this.#force, graceMs);
  }

  /** Every place is free. False when that was known. */
  finish(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    this.#timer?.cancel();
    this.#done.resolve();
    return true;
  }

  readonly #force = (): void => {
    const lent = this.#lent();
    this.#revoked += lent.length; // first: taking away the last one may end the pool, which tells how many they were
    for (const revoke of lent) revoke();
  };
}
