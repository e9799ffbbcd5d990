import type { Timer } from "@breakwater/core";
import type { Member } from "./member.ts";

/** The place of one worker: it is there, or on its way. */
export class Slot {
  #member: Member | undefined = undefined;
  #timer: Timer | undefined = undefined;

  get member(): Member | undefined {
    return this.#member;
  }

  /** Whoever was there, or on the way, is not any more. */
  put(member: Member): void {
    this.clear();
    this.#member = member;
  }

  /** Nobody is there until the timer has put somebody in. */
  wait(timer: Timer): void {
    this.clear();
    this.#member = undefined;
    this.#timer = timer;
  }

  /** Nobody comes any more. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
