import type { Call, Clock } from "@breakwater/core";

/** Something held, to be given back once; giving it back again must be harmless. */
export interface Held {
  release(): void;
}

/** Something of which only so much can be held at a time: fill this in for yours, in some twenty lines. */
export interface Subject {
  /** Never waits. Left out where there is no such thing. */
  tryAcquire?(): Held | undefined;
  acquire(options: { readonly signal?: AbortSignal; readonly deadlineAt?: number }): Promise<Held>;
  run<T>(work: () => T | PromiseLike<T>, call: Call): Promise<T>;
  inUse(): number;
  waiting(): number;
  /** Refuses everybody from now on. Left out where there is no such thing. */
  close?(): void;
}

export interface SubjectOptions {
  /** Its only clock. */
  readonly clock: Clock;
  /** How much can be held at a time. Everybody else waits, as many as there are. */
  readonly capacity: number;
}

export type MakeSubject = (options: SubjectOptions) => Subject;

export interface LawOptions {
  /** Whether those who wait are served in the order in which they came. Default `fifo`. */
  readonly order?: "fifo" | "any" | undefined;
}
