import { ManualClock } from "@breakwater/core/testing";
import { Deadline, Timeout } from "@breakwater/deadline";
import { runLaws, type Runner } from "@breakwater/sim";
import { describe, it } from "vitest";

const makers: Readonly<Record<string, () => Timeout | Deadline>> = {
  "Timeout, cooperative": () => new Timeout({ timeoutMs: 100, clock: new ManualClock() }),
  "Timeout, aggressive": () => new Timeout({ timeoutMs: 100, mode: "aggressive", clock: new ManualClock() }),
  "Deadline, its own": () => new Deadline({ timeoutMs: 100, clock: new ManualClock() }),
  "Deadline, none": () => new Deadline({ clock: new ManualClock() }),
};

describe.each(Object.entries(makers))("%s", (_, make) => {
  const runner = (): Runner => {
    const made = make();
    return { run: (work, call) => made.run(work, call), inUse: () => made.stats.running };
  };
  for (const law of runLaws(runner)) it(law.name, law.check);
});
