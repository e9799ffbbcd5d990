import { names as n } from "./names.ts";
import type { PromQL } from "./promql.ts";
import type { Rule } from "./rule.ts";
import type { Pattern } from "./subject.ts";

type Severity = "page" | "ticket";

const pool = "db_client_connection_pool_name";

/** What is wrong inside, by pattern; the error budget says whether clients feel it. */
export function patternAlerts(
  service: string,
  q: PromQL,
  loopDelaySeconds: number,
): readonly { readonly pattern: Pattern; readonly rule: Rule }[] {
  const on = (pattern: Pattern, name: string, severity: Severity, duration: string, expr: string, summary: string) => ({
    pattern,
    rule: { alert: `Breakwater${name}`, expr, for: duration, labels: { severity, service }, annotations: { summary } },
  });
  const heap = `${q.total(n.heapUsed, ["instance"])} / ${q.max(n.heapMax, ["instance"])}`;
  return [
    // A breaker that probes is half-open in between; neither state is closed.
    on("breaker", "BreakerOpen", "ticket", "2m", `${q.max(n.breakerState, ["name"])} >= 1`,
      "The breaker {{ $labels.name }} has not been closed for 2 minutes: it is open, probing or isolated."),
    on("pool", "PoolStarved", "ticket", "1m", `${q.total(n.pending, [pool])} > 0 or ${q.rate(n.poolTimeouts, [pool])} > 0`,
      `Acquires of the pool {{ $labels.${pool} }} have been waiting or timing out for a minute.`),
    on("limiter", "QueueFull", "ticket", "1m", `${q.rate(n.rejections, ["name"], { reason: ["queue-full", "evicted"] })} > 0`,
      "The queue of the limiter {{ $labels.name }} is full: it refuses {{ $value | humanize }} calls per second."),
    on("retry", "RetryBudgetSpent", "ticket", "5m", `${q.rate(n.gaveUp, ["name"], { reason: "budget" })} > 0`,
      "Retries of {{ $labels.name }} have used up their budget: the dependency fails more than now and then."),
    on("health", "NotHealthy", "ticket", "1m", `${q.max(n.health, ["name"])} >= 1`,
      "{{ $labels.name }} has not been healthy for a minute."),
    on("health", "Unhealthy", "page", "1m", `${q.max(n.health, ["name"])} >= 2`,
      "{{ $labels.name }} has been unhealthy for a minute."),
    on("runtime", "EventLoopBlocked", "ticket", "1m", `${q.max(n.loopDelayP99, ["instance"])} > ${loopDelaySeconds}`,
      "The event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late: something computes too long in one turn."),
    on("runtime", "HeapNearlyFull", "ticket", "5m", `${heap} > 0.9`,
      "The heap of {{ $labels.instance }} is {{ $value | humanizePercentage }} full; at 100 % the process dies."),
  ];
}
