import type { LazyAbort } from "@breakwater/core";
import { giveUpCount } from "../give-ups.ts";

/** One try of a call, which knows the one that was sent before it. */
export class Try {
  /** 1 is the first. */
  readonly attempt: number;
  readonly previous: Try | undefined;
  /** Undefined when it runs alone, on the caller's signal. */
  readonly abort: LazyAbort | undefined;
  /** How often a retry had given up when it began: what gave up since may have done so in here. */
  readonly giveUpsBefore: number = giveUpCount();
  isRunning = true;

  constructor(previous: Try | undefined, abort: LazyAbort | undefined) {
    this.attempt = previous === undefined ? 1 : previous.attempt + 1;
    this.previous = previous;
    this.abort = abort;
  }

  get isFirstRunning(): boolean {
    return this.previous === undefined ? this.isRunning : this.previous.isFirstRunning;
  }
}
