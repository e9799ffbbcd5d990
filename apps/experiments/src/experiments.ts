import { adaptive } from "./adaptive/experiment.ts";
import { balancer } from "./balancer/experiment.ts";
import { breaker } from "./breaker/experiment.ts";
import { dagor } from "./dagor/experiment.ts";
import { dialogue } from "./dialogue/experiment.ts";
import type { Experiment } from "./experiment.ts";
import { queues } from "./queues/experiment.ts";
import { retries } from "./retry/experiment.ts";

export const experiments: readonly Experiment[] = [queues, adaptive, dialogue, dagor, breaker, retries, balancer];
