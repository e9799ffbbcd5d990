import { define, exposedName } from "../definition.ts";

/** What the patterns measure, each with its name and unit as the pattern writes them. */
export const instruments = {
  requests: ["counter", "breakwater.service.requests", "{request}"],
  serviceTime: ["histogram", "breakwater.service.duration", "s"],
  sojournTime: ["histogram", "breakwater.service.sojourn.duration", "s"],

  limit: ["observed gauge", "breakwater.limiter.limit", "{permit}"],
  inUse: ["observed gauge", "breakwater.limiter.in_use", "{permit}"],
  waiting: ["observed gauge", "breakwater.limiter.waiting", "{call}"],
  limiterWait: ["histogram", "breakwater.limiter.wait.duration", "s"],
  rejections: ["counter", "breakwater.limiter.rejections", "{call}"],

  connections: ["observed gauge", "db.client.connection.count", "{connection}"],
  connectionsMax: ["observed gauge", "db.client.connection.max", "{connection}"],
  pending: ["observed gauge", "db.client.connection.pending_requests", "{request}"],
  poolWait: ["histogram", "db.client.connection.wait_time", "s"],
  poolUse: ["histogram", "db.client.connection.use_time", "s"],
  poolTimeouts: ["counter", "db.client.connection.timeouts", "{timeout}"],
  poolShed: ["counter", "breakwater.pool.shed", "{acquire}"],
  createFailures: ["counter", "breakwater.pool.create.failures", "{create}"],

  breakerState: ["observed gauge", "breakwater.breaker.state", ""],
  breakerTransitions: ["counter", "breakwater.breaker.transitions", "{transition}"],
  breakerCalls: ["counter", "breakwater.breaker.calls", "{call}"],
  breakerTime: ["histogram", "breakwater.breaker.call.duration", "s"],

  retries: ["counter", "breakwater.retry.retries", "{call}"],
  retryCalls: ["counter", "breakwater.retry.calls", "{call}"],
  gaveUp: ["counter", "breakwater.retry.gave_up", "{call}"],
  recovered: ["counter", "breakwater.retry.recovered", "{call}"],

  hedges: ["counter", "breakwater.hedge.hedges", "{try}"],
  hedgeCalls: ["counter", "breakwater.hedge.calls", "{call}"],
  hedgeWins: ["counter", "breakwater.hedge.wins", "{call}"],
  hedgeDenials: ["counter", "breakwater.hedge.denials", "{try}"],

  timeoutCalls: ["counter", "breakwater.timeout.calls", "{call}"],
  deadlineCalls: ["counter", "breakwater.deadline.calls", "{call}"],

  health: ["observed gauge", "breakwater.health.status", ""],
  healthTransitions: ["counter", "breakwater.health.transitions", "{transition}"],

  loopUtilization: ["observed gauge", "nodejs.eventloop.utilization", "1"],
  loopDelayP99: ["observed gauge", "nodejs.eventloop.delay.p99", "s"],
  loopDelayMax: ["observed gauge", "nodejs.eventloop.delay.max", "s"],
  gcTime: ["histogram", "v8js.gc.duration", "s"],
  heapUsed: ["observed gauge", "v8js.memory.heap.used", "By"],
  heapMax: ["observed gauge", "v8js.memory.heap.max", "By"],
  memory: ["observed gauge", "process.memory.usage", "By"],
  cpuTime: ["counter", "process.cpu.time", "s"],
  resources: ["observed gauge", "v8js.resource.active", "{resource}"],
} as const;

type Instrument = keyof typeof instruments;

/**
 * What Prometheus has of them. The names go through the registry's own rule, so that only a renamed instrument can break
 * a panel; a test registers every pattern and compares.
 */
export const names: Readonly<Record<Instrument, string>> = exposedNames();

function exposedNames(): Record<Instrument, string> {
  const entries = Object.entries(instruments).map(([key, [kind, name, unit]]) => {
    return [key, exposedName(define(kind, name, { unit }))] as const;
  });
  return Object.fromEntries(entries) as Record<Instrument, string>; // the same keys
}
