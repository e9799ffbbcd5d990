import { injectBehavior, injectFault, injectLatency, injectOutcome } from "@breakwater/chaos";
import { runLaws, type Runner } from "@breakwater/sim";
import { describe, it } from "vitest";

const layers: Record<string, () => Runner> = {
  "a latency of no time": () => injectLatency({ rate: 1, latencyMs: 0 }),
  "a behaviour that is waited for": () => injectBehavior({ rate: 1, behavior: () => Promise.resolve() }),
  "a fault that does not match": () => injectFault({ rate: 1, when: () => false }),
  "a layer that is off": () => injectFault({ rate: 1, enabled: false }),
  // What the laws run answers anything.
  "an outcome that does not match": () => injectOutcome<unknown>({ rate: 1, result: 0, when: () => false }) as Runner,
};

for (const [name, make] of Object.entries(layers)) {
  describe(name, () => {
    for (const law of runLaws(make)) it(law.name, law.check);
  });
}
