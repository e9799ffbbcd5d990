import { ignoreAbort, listenForAbort, type Clock } from "@breakwater/core";

export interface Bounds {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What tells the work to give up, not aborted yet, and how long it may take to do so. */
  readonly giveUp?: { readonly signal: AbortSignal; readonly withinMs: number } | undefined;
  /** Makes the error of work that is late: with the signal's reason where it did not give up. */
  readonly late: (reason?: unknown) => unknown;
  /** Hears of errors that come later still, so that they are not lost. */
  readonly onLateError: (error: unknown) => void;
}

/**
 * Settles as the work does, or rejects with `late()` once its time is over, whichever is first. The work goes on; what it answers
 * afterwards is nobody's business.
 */
export function bounded<T>(work: () => T | PromiseLike<T>, { clock, timeoutMs, giveUp, late, onLateError }: Bounds): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const lateAfter = (ms: number, reason?: unknown): (() => void) => {
      const timer = clock.setTimer(() => {
        isLate = true;
        release();
        reject(late(reason));
      }, ms);
      return () => timer.cancel();
    };
    const releases = [lateAfter(timeoutMs)];
    const release = (): void => {
      for (const undo of releases) undo();
    };
    if (giveUp !== undefined) {
      const { signal, withinMs } = giveUp;
      const listener = { aborted: (reason: unknown): void => void releases.push(lateAfter(withinMs, reason)) };
      listenForAbort(signal, listener);
      releases.push(() => ignoreAbort(signal, listener));
    }
    // An async function turns a synchronous throw into a rejection.
    const started = (async () => await work())();
    started.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        if (isLate) onLateError(error);
        else reject(error);
      },
    );
  });
}
