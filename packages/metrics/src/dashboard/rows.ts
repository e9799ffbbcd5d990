import { names as n } from "./names.ts";
import { panel, type Panel, type Row } from "./panel.ts";
import type { PromQL } from "./promql.ts";
import { runtimePanels } from "./runtime-row.ts";

const poolName = "db_client_connection_pool_name";
const poolState = "db_client_connection_state";

/** Every row that there is, from what the client feels to what the process is. */
export function rowsOf(service: string, q: PromQL): readonly Row[] {
  return [
    { pattern: "service", title: "Traffic", panels: trafficPanels(service, q) },
    { pattern: "limiter", title: "Saturation: limiters", panels: limiterPanels(q) },
    { pattern: "pool", title: "Saturation: pools", panels: poolPanels(q) },
    { pattern: "breaker", title: "Breakers", panels: breakerPanels(q) },
    { pattern: "retry", title: "Retries", panels: retryPanels(q) },
    { pattern: "hedge", title: "Hedges", panels: hedgePanels(q) },
    { pattern: "deadline", title: "Timeouts and deadlines", panels: deadlinePanels(q) },
    { pattern: "health", title: "Health", panels: healthPanels(q) },
    { pattern: "runtime", title: "Node", panels: runtimePanels(q) },
  ];
}

function trafficPanels(service: string, q: PromQL): readonly Panel[] {
  const mine = { service };
  const quantiles = (name: string): (readonly [string, string])[] =>
    [0.5, 0.95, 0.99].map((p) => [q.quantile(p, name, [], mine), `p${p * 100}`]);
  const failed = q.rate(n.requests, [], { ...mine, outcome: "failure" });
  const judged = q.rate(n.requests, [], { ...mine, outcome: ["success", "failure"] });
  return [
    panel("Requests", "reqps", "Admitted requests by outcome, and those that admission refused.",
      [q.rate(n.requests, ["outcome"], mine), "{{outcome}}"],
      [q.rate(n.rejections, [], { name: service }), "refused"]),
    panel("Errors", "percentunit", "Share of failures among the requests that succeeded or failed.", [`${failed} / ${judged}`, "failed"]),
    panel("Latency with queueing", "s", "From arrival to the answer: what the client feels.", ...quantiles(n.sojournTime)),
    panel("Latency of service", "s", "From admission to the answer: what the work takes.", ...quantiles(n.serviceTime)),
  ];
}

function limiterPanels(q: PromQL): readonly Panel[] {
  return [
    panel("Permits in use", "short", "How much of each limit is taken; at the limit, callers wait.",
      [q.total(n.inUse, ["name"]), "{{name}} in use"],
      [q.total(n.limit, ["name"]), "{{name}} limit"]),
    panel("Callers in line", "short", "Who waits for admission.", [q.total(n.waiting, ["name"]), "{{name}}"]),
    panel("Wait for admission, p99", "s", "Of those that waited and were admitted.", [q.quantile(0.99, n.limiterWait, ["name"]), "{{name}}"]),
    panel("Refusals", "ops", "Calls that were not admitted, by reason.", [q.rate(n.rejections, ["name", "reason"]), "{{name}} {{reason}}"]),
  ];
}

function poolPanels(q: PromQL): readonly Panel[] {
  return [
    panel("Pooled connections", "short", "Resources by state, and how many there may be.",
      [q.total(n.connections, [poolName, poolState]), `{{${poolName}}} {{${poolState}}}`],
      [q.total(n.connectionsMax, [poolName]), `{{${poolName}}} max`]),
    panel("Acquires in line", "short", "Who waits for a resource.", [q.total(n.pending, [poolName]), `{{${poolName}}}`]),
    panel("Wait and use, p99", "s", "From asking for a resource to having it, and from there to giving it back.",
      [q.quantile(0.99, n.poolWait, [poolName]), `{{${poolName}}} wait`],
      [q.quantile(0.99, n.poolUse, [poolName]), `{{${poolName}}} use`]),
    panel("Acquires and creates that failed", "ops", "Out of time, given up because the line stood, or the resource could not be made.",
      [q.rate(n.poolTimeouts, [poolName]), `{{${poolName}}} timeouts`],
      [q.rate(n.poolShed, [poolName]), `{{${poolName}}} shed`],
      [q.rate(n.createFailures, [poolName]), `{{${poolName}}} creates`]),
  ];
}

function breakerPanels(q: PromQL): readonly Panel[] {
  return [
    {
      ...panel("Breaker state", "none", "The worst of all instances.", [q.max(n.breakerState, ["name"]), "{{name}}"]),
      states: [
        { value: -1, text: "disabled", color: "gray" },
        { value: 0, text: "closed", color: "green" },
        { value: 1, text: "half-open", color: "yellow" },
        { value: 2, text: "open", color: "red" },
        { value: 3, text: "isolated", color: "blue" },
      ],
    },
    panel("Breaker transitions", "ops", "Changes of the state, by where they led.", [q.rate(n.breakerTransitions, ["name", "to"]), "{{name}} {{to}}"]),
    panel("Calls through breakers", "ops", "By outcome; the rejected ones did not reach the dependency.", [q.rate(n.breakerCalls, ["name", "outcome"]), "{{name}} {{outcome}}"]),
    panel("Latency of dependencies, p99", "s", "Of calls that reached the dependency.", [q.quantile(0.99, n.breakerTime, ["name"]), "{{name}}"]),
  ];
}

function retryPanels(q: PromQL): readonly Panel[] {
  return [
    panel("Load that retries add", "percentunit", "Attempts after the first, per call.", [`${q.rate(n.retries, ["name"])} / ${q.rate(n.retryCalls, ["name"])}`, "{{name}}"]),
    panel("What retries came to", "ops", "Calls that went well after the first attempt, and calls given up, by reason; `budget` means that the budget was used up.",
      [q.rate(n.recovered, ["name"]), "{{name}} recovered"],
      [q.rate(n.gaveUp, ["name", "reason"]), "{{name}} {{reason}}"]),
  ];
}

function hedgePanels(q: PromQL): readonly Panel[] {
  return [
    panel("Load that hedges add", "percentunit", "Tries beyond the first, per call, by why they were sent.",
      [`${q.rate(n.hedges, ["name", "reason"])} / on (name) group_left () ${q.rate(n.hedgeCalls, ["name"])}`, "{{name}} {{reason}}"]),
    panel("What hedges came to", "ops", "Calls that a hedge answered, and hedges that the budget did not pay for.",
      [q.rate(n.hedgeWins, ["name"]), "{{name}} won"],
      [q.rate(n.hedgeDenials, ["name"]), "{{name}} denied"]),
  ];
}

function deadlinePanels(q: PromQL): readonly Panel[] {
  const late = { outcome: ["timeout", "rejected"] };
  return [
    panel("Calls out of time", "ops", "Timed out, or refused because they could not end in time.",
      [q.rate(n.timeoutCalls, ["name", "outcome"], late), "timeout {{name}} {{outcome}}"],
      [q.rate(n.deadlineCalls, ["name", "outcome"], late), "deadline {{name}} {{outcome}}"]),
  ];
}

function healthPanels(q: PromQL): readonly Panel[] {
  return [
    {
      ...panel("Health status", "none", "The worst of all instances.", [q.max(n.health, ["name"]), "{{name}}"]),
      states: [
        { value: -2, text: "draining", color: "blue" },
        { value: -1, text: "unknown", color: "gray" },
        { value: 0, text: "healthy", color: "green" },
        { value: 1, text: "degraded", color: "yellow" },
        { value: 2, text: "unhealthy", color: "red" },
      ],
    },
    panel("Changes of health", "ops", "By where they led.", [q.rate(n.healthTransitions, ["name", "to"]), "{{name}} {{to}}"]),
  ];
}
