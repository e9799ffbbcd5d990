import type { Arguments } from "./arguments.ts";
import type { Counted } from "./counted.ts";
import type { NetworkReport } from "./network/network-report.ts";
import type { Report } from "./report.ts";
import { bold, dim, green, milliseconds, percent, red, seconds, sparkline, yellow } from "./text.ts";
import type { Times } from "./times.ts";
import { apiMs, databaseMs } from "./workload.ts";

/** Prints the report for people. */
export function printReport(report: Report, { failRate }: Arguments): void {
  const lines = [
    "",
    bold(`Performance test: ${report.requests} requests at once, ${report.workers} workers`),
    dim(`each ${databaseMs} ms of database and ${apiMs} ms of external API: ${report.dependencies}`),
    "",
    ...results(report),
    "",
    ...responseTimes(report),
    "",
    ...answers(report),
    ...(failRate > 0 ? ["", ...faults(report, failRate)] : []),
    ...report.failures.unexpectedMessages.map((message) => red(`  unexpected: ${message}`)),
    "",
  ];
  console.log(lines.join("\n"));
}

function results(report: Report): string[] {
  const { made, reused } = report.connections;
  return [
    row("total requests", String(report.requests)),
    row("succeeded", String(report.succeeded)),
    row("failed", report.failed === 0 ? "0" : red(String(report.failed))),
    row("elapsed", `${seconds(report.elapsedMs)}   ${dim(`ideal ${seconds(report.idealElapsedMs)}`)}`),
    row("QPS", `${report.queriesPerSecond.toFixed(0)}   ${dim(`ideal ${report.idealQueriesPerSecond.toFixed(0)}`)}`),
    row("share of the ideal", percent(report.shareOfIdeal)),
    row("health", health(report)),
    row("connections", `${made} made, ${reused} times one was reused`),
    ...(report.network === undefined ? [] : ways(report.network)),
  ];
}

function ways({ answered, processes, cache, retries }: NetworkReport): string[] {
  const { hits, misses, fromRedis } = cache;
  return [
    row("answered over", `HTTP ${answered.http}, WebSocket ${answered.socket}`),
    row("processes", processes.map(({ name, requests }) => `${name} ${requests}`).join(", ")),
    row("product cache", `${hits} hits, ${misses} misses${fromRedis === undefined ? "" : `, of which Redis had ${fromRedis}`}`),
    row("retries", `${retries.clients} by clients, ${retries.upstream} of the external API`),
  ];
}

function health({ health: { status, reason } }: Report): string {
  const paint = status === "HEALTHY" ? green : status === "DEGRADED" ? yellow : red;
  const [first = ""] = reason.split("; "); // of parts that are well it says so as well
  return `${paint(status)}   ${dim(first)}`;
}

function responseTimes({ serviceTime, sojournTime }: Report): string[] {
  const cells = (times: Times): string =>
    [times.mean, times.p50, times.p95, times.p99].map((value) => milliseconds(value).padStart(9)).join("");
  return [
    row("response time, ms", dim(["average", "p50", "p95", "p99"].map((title) => title.padStart(9)).join(""))),
    row("  in service", cells(serviceTime)),
    row("  with queueing", cells(sojournTime)),
  ];
}

function answers({ answeredAt, elapsedMs }: Report): string[] {
  return [row("answers over time", `${sparkline(answeredAt, elapsedMs, 48)} ${dim(seconds(elapsedMs))}`)];
}

function faults({ failures, breaker, health: { errorRate }, metrics, network }: Report, failRate: number): string[] {
  // With --real a request may have been refused when it was retried.
  const unasked = network === undefined ? ", each without asking the API" : "";
  const opened = breaker.steps.filter(({ to }) => to === "open").length;
  const shown = breaker.steps.slice(0, 8).map(({ atMs, to }) => `${to} at ${seconds(atMs)}`);
  const more = breaker.steps.length > shown.length ? `, and ${breaker.steps.length - shown.length} more steps` : "";
  return [
    row("asked to fail", `${percent(failRate)} of the external API's answers`),
    row("  so it failed", `${failures.injected} requests`),
    row("  breaker", `opened ${opened === 1 ? "once" : `${opened} times`} and refused ${failures.refusedByBreaker} requests${unasked}`),
    ...(shown.length > 0 ? [row("", dim(shown.join(", ") + more))] : []),
    row("  error rate", `${percent(errorRate)} in the health window`),
    row("  metrics", `requests: ${counts(metrics.requests)}; API calls: ${counts(metrics.apiCalls)}`),
  ];
}

function counts(counted: Counted): string {
  return Object.entries(counted)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(", ");
}

function row(label: string, value: string): string {
  return `  ${label.padEnd(20)} ${value}`;
}
