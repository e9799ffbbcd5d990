/**
 * Work on many series, in steps of some of them each: whoever has something else to do meanwhile does it between two of
 * them, and whoever has not runs it to its end.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** Series that are read, merged or written in one step. A histogram takes some 20 us. */
export const seriesPerStep = 64;

export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
