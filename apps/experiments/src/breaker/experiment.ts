import type { Experiment, RunOptions } from "../experiment.ts";
import { coldStart } from "./cold-start.ts";
import { hungProbe } from "./hung-probe.ts";
import { stampede } from "./stampede.ts";

export const breaker: Experiment = {
  name: "breaker",
  about: "What half-open probes, their leases, slow calls seen while they hang, and ramps are worth",
  async run({ seeds, progress }) {
    const part = (index: number): RunOptions => ({ seeds, progress: (ratio) => progress((index + ratio) / 3) });
    return [await stampede(part(0)), ...(await hungProbe(part(1))), await coldStart(part(2))];
  },
};
