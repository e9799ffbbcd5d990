import type { Clock } from "@breakwater/core";
import { nextTurn } from "../exposition/turn.ts";
import type { Steps } from "../snapshot/steps.ts";

const sliceMs = 5;

/**
 * Many series take a while to read, merge and write; whatever else this process does has its turns meanwhile. `workMs` is
 * the time that was taken from it.
 */
export async function inSlices<Result>(steps: Steps<Result>, clock: Clock): Promise<{ readonly result: Result; readonly workMs: number }> {
  let workMs = 0;
  let startedAt = clock.now();
  for (;;) {
    const step = steps.next();
    const sliceLastedMs = clock.now() - startedAt;
    if (step.done === true) return { result: step.value, workMs: workMs + sliceLastedMs };
    if (sliceLastedMs < sliceMs) continue;
    workMs += sliceLastedMs;
    await nextTurn();
    startedAt = clock.now();
  }
}
