import { createService } from "@breakwater/service";
import type { Arguments } from "../arguments.ts";
import type { BreakerStep } from "../breaker-log.ts";
import type { Subject } from "../performance-test.ts";
import { chooseFailing } from "../random.ts";
import { makeReport } from "../report.ts";
import { breakMs } from "../trip.ts";
import type { Answer, Request } from "../workload.ts";
import { ways, type Way } from "./clients.ts";
import { Network } from "./network.ts";
import { observe } from "./network-report.ts";
import { productCount } from "./operations.ts";

const processes = 2;
// PostgreSQL admits 100 by default and keeps a few for its administrators; half of it is a guest's share.
const mostConnections = 50;
/** Nobody is in a hurry: what is measured is how long it takes. */
const patienceMs = 600_000;

/** Nothing simulated: HTTP and WebSocket clients, a balancer, two service processes, and real dependencies behind them. */
export function real({ requests, workers, failRate, seed }: Arguments): Subject {
  const failing = chooseFailing(requests, failRate, seed);
  const answered: Record<Way, number> = { http: 0, socket: 0 };
  const steps: BreakerStep[] = [];
  let startedAt = performance.now();
  const each = Math.ceil(workers / processes);
  const network = new Network({
    processes,
    workers: each,
    queueLimit: requests,
    maxConnections: Math.min(each, mostConnections / processes),
    timeoutMs: patienceMs,
    deadlineMs: patienceMs,
    breakMs,
    lameDuckMs: 0,
    heard: (message) => {
      if (message.type === "breaker" && message.name === "external-api") steps.push({ atMs: performance.now() - startedAt, to: message.to });
    },
  });
  // The clients are a service too, as far as their life goes: it starts what they need and stops it again.
  const service = createService<Request>({ name: "clients", resources: network.resources }).handle(async (request): Promise<Answer> => {
    const way = ways[request.id % ways.length] ?? "http";
    const answer = await network.clients.order(way, { ...request, product: request.id % productCount, fail: failing.has(request.id) });
    answered[way] += 1;
    return answer;
  });
  return {
    service,
    begin: () => {
      startedAt = performance.now();
      steps.length = 0;
    },
    report: async (args, burst) => makeReport(args, burst, observe({ network, answered, steps }, await network.states(), burst, args.failRate > 0)),
  };
}
