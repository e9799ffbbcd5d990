import { claimLine } from "../claim.ts";
import { bold, dim, seconds } from "../text.ts";
import type { RestartReport, RollingRestartReport } from "./run-rolling-restart.ts";

/** Prints the report for people. */
export function printRollingRestart({ processes, restarts, http, messages, claims }: RollingRestartReport): void {
  const titles = ["passed over", "drained", "back", "exit"].map((title) => title.padStart(13)).join("");
  const lines = [
    "",
    bold(`Rolling restart: ${processes} processes behind a balancer, each restarted in turn under load`),
    dim("SIGTERM; not ready, but serving; passed over by the balancer; drained; a new one in its place"),
    "",
    dim(`  ${"process".padEnd(12)}${titles}`),
    ...restarts.map(restartLine),
    "",
    `  ${"HTTP".padEnd(12)} ${http.requests} requests, ${http.refused + http.broken} failed; p50 ${http.p50Ms} ms, p99 ${http.p99Ms} ms, at most ${http.maxMs} ms`,
    `  ${"".padEnd(12)} ${dim(`the gateway sent ${http.retriedByGateway} of them to another process`)}`,
    `  ${"WebSocket".padEnd(12)} ${messages.sent} messages, ${messages.acknowledged} acknowledged, ${messages.lost} lost; at most ${messages.slowestMs.toFixed(0)} ms`,
    "",
    ...claims.map(claimLine),
    "",
  ];
  console.log(lines.join("\n"));
}

function restartLine({ process, passedOverMs, drainedMs, backMs, exit: { code, signal } }: RestartReport): string {
  const cells = [seconds(passedOverMs), seconds(drainedMs), seconds(backMs), signal ?? String(code)];
  return `  ${process.padEnd(12)}${cells.map((cell) => cell.padStart(13)).join("")}`;
}
