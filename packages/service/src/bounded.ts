import type { Clock } from "@breakwater/core";

/**
 * Settles as the work does, or rejects with `late()` once the time is over, whichever is first. The work goes on; what
 * it says afterwards is nobody's business, except a late error, which is handed to `onLateError` so that it is not lost.
 */
export function bounded<T>(
  work: () => T | PromiseLike<T>,
  timeoutMs: number,
  clock: Clock,
  late: () => Error,
  onLateError: (error: unknown) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = clock.setTimer(() => {
      isLate = true;
      reject(late());
    }, timeoutMs);
    // An async function turns a synchronous throw into a rejection.
    const started = (async () => await work())();
    started.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        if (isLate) onLateError(error);
        else reject(error);
      },
    );
  });
}
