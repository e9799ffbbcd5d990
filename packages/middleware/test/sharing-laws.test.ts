import type { Call, Guard, Service } from "@breakwater/core";
import { coalescing, fallback, loadShedding, timing } from "@breakwater/middleware";
import { runLaws, type Runner } from "@breakwater/sim";
import { describe, it } from "vitest";

type AnyWork = () => unknown;
type Wrap = (service: Service<AnyWork, unknown>) => Service<AnyWork, unknown>;

/** Runs work as the service inside a layer. */
function runnerOf(layer: Wrap | Guard): Runner {
  const wrap: Wrap = layer;
  const service = wrap((work) => work() as Promise<unknown>); // a thenable or a plain value too, as from JavaScript
  return { run: <T>(work: () => T | PromiseLike<T>, call: Call) => service(work, call) as Promise<T> };
}

const layers: Record<string, () => Wrap | Guard> = {
  coalescing: () => coalescing({ key: () => "one for all" }),
  "fallback that does not apply": () => fallback({ handle: () => "kept", when: () => false }),
  "fallback that fails with the same error": () => fallback({ handle: (error) => Promise.reject(error) }),
  timing: () => timing({ record: () => undefined }),
};

for (const [name, make] of Object.entries(layers)) {
  describe(name, () => {
    for (const law of runLaws(() => runnerOf(make()))) it(law.name, law.check);
  });
}

describe("load shedding", () => {
  // It passes on what the service gave, so the service of its laws is an async one.
  const make = (): Runner => {
    const service = loadShedding({ load: () => 0 })(async (work: AnyWork): Promise<unknown> => work());
    return { run: <T>(work: () => T | PromiseLike<T>, call: Call) => service(work, call) as Promise<T> };
  };
  for (const law of runLaws(make)) it(law.name, law.check);
});
