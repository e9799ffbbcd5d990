import { claimLine } from "../claim.ts";
import { bold, dim, milliseconds, seconds } from "../text.ts";
import { listOf } from "../outages/claims.ts";
import { attacks } from "./attacks/index.ts";
import { megabytes, percent } from "./claims.ts";
import type { AttackReport, HostileReport } from "./run-hostile.ts";
import type { PhaseTraffic } from "./tally.ts";

/** Prints the report for people. */
export function printHostile(report: HostileReport): void {
  const { ratePerSecond, deadlineMs, calm } = report;
  const lines = [
    "",
    bold(`Hostile traffic: ${ratePerSecond} normal requests a second over HTTP, ${ratePerSecond / 4} over WebSocket`),
    dim(`each normal client waits ${deadlineMs} ms, and does not try again; the attackers are a process of their own`),
    "",
    dim(`  ${"".padEnd(16)}${["time", "in time", "of before", "p50", "p99", "RSS before", "highest", "after", "heap before", "after"].map((title) => title.padStart(12)).join("")}`),
    `  ${"before".padEnd(16)}${trafficCells(calm, 1).map((cell) => cell.padStart(12)).join("")}`,
    ...report.attacks.map(attackLine),
    ...report.attacks.flatMap((attack) => ["", ...toldLines(attack)]),
    "",
    ...report.claims.map(claimLine),
    "",
  ];
  console.log(lines.join("\n"));
}

function trafficCells({ durationMs, sent, inTime, p50Ms, p99Ms }: PhaseTraffic, share: number): string[] {
  return [seconds(durationMs), `${inTime}/${sent}`, percent(share), `${milliseconds(p50Ms)} ms`, `${milliseconds(p99Ms)} ms`];
}

function attackLine({ attack, traffic, share, memory: { before, highest, after } }: AttackReport): string {
  const cells = [...trafficCells(traffic, share), ...[before.rss, highest.rss, after.rss, before.heap, after.heap].map(megabytes)];
  return `  ${attack.padEnd(16)}${cells.map((cell) => cell.padStart(12)).join("")}`;
}

function toldLines({ attack, told, dropped }: AttackReport): string[] {
  const title = attacks.find(({ name }) => name === attack)?.title ?? "";
  const codes = Object.keys(dropped).length === 0 ? [] : [dim(`    the server's close codes: ${listOf(dropped)}`)];
  return [`  ${bold(attack)} ${dim(title)}`, ...Object.entries(told).map(([kind, counts]) => `    ${kind.padEnd(48)} ${listOf(counts)}`), ...codes];
}
