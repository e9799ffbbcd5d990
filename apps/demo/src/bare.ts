import { setTimeout as sleep } from "node:timers/promises";
import { apiMs, databaseMs } from "./workload.ts";

/**
 * The floor: the same requests through nothing but a counting semaphore on bare timers, as one would write it by hand
 * in ten lines. No pool, no breaker, no middleware, no metrics, no way to refuse, cancel or stop.
 */
export async function runBare(requests: number, workers: number): Promise<number> {
  let free = workers;
  const waiting: (() => void)[] = [];
  let next = 0;
  const request = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    await sleep(databaseMs);
    await sleep(apiMs);
    const waiter = waiting[next];
    if (waiter === undefined) {
      free += 1;
    } else {
      next += 1;
      waiter();
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: requests }, request));
  return performance.now() - startedAt;
}
