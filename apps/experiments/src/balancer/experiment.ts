import type { Experiment, RunOptions } from "../experiment.ts";
import { fastFailing } from "./fast-failing.ts";
import { slowHosts } from "./slow-hosts.ts";
import { supermarket } from "./supermarket.ts";
import { thinClients } from "./thin-clients.ts";

export const balancer: Experiment = {
  name: "balancer",
  about: "What two choices, durations, penalties, ejection and probes are worth",
  async run({ seeds, progress }) {
    const part = (index: number): RunOptions => ({ seeds, progress: (ratio) => progress((index + ratio) / 4) });
    return [await slowHosts(part(0)), await fastFailing(part(1)), await supermarket(part(2)), await thinClients(part(3))];
  },
};
