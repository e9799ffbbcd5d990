import type { Call } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { expect, type Law } from "./law.ts";
import { countListeners, watch } from "./watch.ts";

/** Something that runs work. Made anew for each law. */
export interface Runner {
  run<T>(work: () => T | PromiseLike<T>, call: Call): Promise<T>;
  /** How much goes on in it; 0 when nothing does. Left out where nothing is counted. */
  inUse?(): number;
}

/** For whatever runs a caller's work: results and errors pass through as they are, and everything is given back. */
export function runLaws(make: () => Runner): readonly Law[] {
  return [
    { name: "results pass through as they are, of promises, thenables and plain values", check: () => passesResults(make()) },
    { name: "errors pass through as they are, thrown or rejected, whatever they are", check: () => passesErrors(make) },
    { name: "no listener of the caller's signal is left when the work has ended", check: () => leavesNoListener(make()) },
  ];
}

async function passesResults(runner: Runner): Promise<void> {
  const value = { some: "object" };
  // A thenable that is no promise, as some libraries return.
  const thenable: PromiseLike<object> = { then: (resolve) => Promise.resolve(value).then(resolve) };
  for (const work of [() => value, () => Promise.resolve(value), () => thenable]) {
    expect((await runner.run<object>(work, {})) === value, "a result was replaced");
    expect((runner.inUse?.() ?? 0) === 0, "a place was not given back");
  }
  const nothing: unknown = await runner.run<unknown>(() => undefined, {});
  expect(nothing === undefined, "undefined was replaced");
}

async function passesErrors(make: () => Runner): Promise<void> {
  const errors: readonly unknown[] = [new Error("oops"), "a text", undefined, null, { code: 7 }];
  for (const [index, error] of errors.entries()) {
    const works: (() => Promise<never>)[] = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      () => ({ then: (_: unknown, reject: (reason: unknown) => void) => reject(error) }) as unknown as Promise<never>, // a thenable
    ];
    for (const work of works) {
      const runner = make();
      const run = watch(runner.run(work, {}));
      await settled();
      expect(run.status === "rejected" && run.error === error, `error ${index} of ${errors.length} was replaced, or lost: ${run.status}`);
      expect((runner.inUse?.() ?? 0) === 0, "a place was not given back after an error");
    }
  }
}

async function leavesNoListener(runner: Runner): Promise<void> {
  const { signal } = new AbortController();
  const listeners = countListeners(signal);
  await runner.run(() => Promise.resolve(1), { signal });
  await runner.run(() => Promise.reject(new Error("no")), { signal }).catch(() => undefined);
  await settled();
  expect(listeners.left === 0, `${listeners.left} listeners are left`);
}
