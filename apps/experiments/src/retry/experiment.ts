import type { Experiment, RunOptions } from "../experiment.ts";
import { hedging } from "./hedging.ts";
import { metastable } from "./metastable.ts";

export const retries: Experiment = {
  name: "retry",
  about: "What brings a service back from a storm of retries, and what a hedge is worth",
  async run({ seeds, progress }) {
    const part = (index: number): RunOptions => ({ seeds, progress: (ratio) => progress((index + ratio) / 2) });
    return [await metastable(part(0)), await hedging(part(1))];
  },
};
