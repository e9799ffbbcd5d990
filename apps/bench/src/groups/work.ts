/** The work that the patterns guard: as little as an async function can do. */
export const work = async (): Promise<number> => 1;

export const failure = new Error("failure");

/** The floor of a refusal: an async function that throws an error which is there already. */
export const refuse = async (): Promise<never> => {
  throw failure;
};

/** Discards an expected rejection. */
export const ignore = (): void => undefined;

/**
 * `count` operations by that many workers, each doing one after the other; how callers come in practice.
 * The operations of one candidate share this loop, and so does its floor.
 */
export async function byWorkers(workers: number, count: number, operation: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await operation();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, count) }, worker));
}
