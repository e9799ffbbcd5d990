import { claimLine } from "../claim.ts";
import { bold, dim, red, seconds } from "../text.ts";
import { listOf, merged } from "./claims.ts";
import type { OutageReport } from "./outage.ts";
import type { OutagesReport } from "./run-outages.ts";
import { total, type Counts, type PhaseReport } from "./tally.ts";

/** Prints the report for people. */
export function printOutages(report: OutagesReport): void {
  const { ratePerSecond, deadlineMs, processes, hasRedis, outages, claims } = report;
  const lines = [
    "",
    bold(`Outages: ${ratePerSecond} requests a second over HTTP and WebSocket to ${processes} processes`),
    dim(`each client waits ${deadlineMs} ms; each dependency is killed with -9 under load, and comes back`),
    ...(hasRedis ? [] : [dim("there is no redis-server on this machine: the cache has its first level only, and nothing to lose")]),
    ...outages.flatMap((outage) => ["", ...describe(outage)]),
    "",
    ...claims.map(claimLine),
    "",
  ];
  console.log(lines.join("\n"));
}

function describe({ dependency, phases, goneMs, breaker, recoveryMs }: OutageReport): string[] {
  const opened = Object.values(breaker.openedMs);
  const openings = opened.length === 0 ? "did not open" : `opened after ${range(opened)} in ${opened.length} processes`;
  const closing = breaker.closedMs === null ? "" : `, closed ${seconds(Math.max(0, breaker.closedMs))} after the return`;
  return [
    `  ${bold(dependency)} ${dim(`gone for ${seconds(goneMs)}`)}`,
    dim(`    ${"".padEnd(8)}${["time", "answered", "refused", "failed", "slowest"].map((title) => title.padStart(11)).join("")}`),
    ...phases.flatMap(phaseLines),
    `    ${"breaker".padEnd(12)} ${openings}${closing}`,
    `    ${"recovery".padEnd(12)} ${recoveryMs === null ? red("none") : `${seconds(recoveryMs)} after the return`}`,
  ];
}

function phaseLines({ name, durationMs, answered, refused, failed, slowestMs }: PhaseReport): string[] {
  const told = merged(refused.order, refused.product);
  const lost = merged(failed.order, failed.product);
  const counts = [answered.order + answered.product, total(told), total(lost)].map(String);
  const cells = [seconds(durationMs), ...counts, `${slowestMs.toFixed(0)} ms`];
  const why = (label: string, of: Counts): string[] => (total(of) === 0 ? [] : [dim(`    ${"".padEnd(12)} ${label}: ${listOf(of)}`)]);
  return [`    ${name.padEnd(8)}${cells.map((cell) => cell.padStart(11)).join("")}`, ...why("refused", told), ...why("failed", lost)];
}

function range(times: readonly number[]): string {
  const [least, most] = [Math.min(...times), Math.max(...times)].map((ms) => seconds(ms));
  return least === most ? `${least}` : `${least} to ${most}`;
}
