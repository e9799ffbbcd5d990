/** What became of a promise, readable without waiting for it. */
export interface Watched<T> {
  status: "pending" | "fulfilled" | "rejected";
  value?: T;
  error?: unknown;
  /** How often it settled; more than once is impossible for a promise, and possible for what stands behind a thenable. */
  settled: number;
}

export function watch<T>(promise: PromiseLike<T>): Watched<T> {
  const watched: Watched<T> = { status: "pending", settled: 0 };
  promise.then(
    (value) => {
      Object.assign(watched, { status: "fulfilled", value });
      watched.settled += 1;
    },
    (error: unknown) => {
      Object.assign(watched, { status: "rejected", error });
      watched.settled += 1;
    },
  );
  return watched;
}

/** Counts the listeners of a signal, from now on. */
export function countListeners(signal: AbortSignal): { readonly most: number; readonly left: number } {
  const counts = { most: 0, left: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>): void => {
    counts.left += 1;
    counts.most = Math.max(counts.most, counts.left);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
    counts.left -= 1;
    remove(...args);
  };
  return counts;
}
