import { readArguments, type Arguments } from "./arguments.ts";
import { UsageError } from "./command-line.ts";
import { compare, printComparison } from "./compare.ts";
import { help } from "./help.ts";
import { readHostileArguments, type HostileArguments } from "./hostile/arguments.ts";
import { printHostile } from "./hostile/print-hostile.ts";
import { Interrupted, interruption, start, StartError } from "./interruption.ts";
import { readOutageArguments, type OutageArguments } from "./outages/arguments.ts";
import { printOutages } from "./outages/print-outages.ts";
import { readRestartArguments, type RestartArguments } from "./rolling-restart/arguments.ts";
import { printRollingRestart } from "./rolling-restart/print-rolling-restart.ts";
import { sendBurst, type Subject } from "./performance-test.ts";
import { printReport } from "./print-report.ts";
import { Progress } from "./progress.ts";
import type { Report } from "./report.ts";
import { timers } from "./timers.ts";

async function makeSubject(args: Arguments): Promise<Subject> {
  if (args.mode !== "real") return timers(args);
  const { real } = await import("./network/real.ts"); // loads clients, servers and PostgreSQL only for those who want them
  return real(args);
}

/** Starts the service, sends the burst, and stops everything again, whatever happened in between. */
async function runOnce(args: Arguments, onSettled: () => void): Promise<Report> {
  const subject = await makeSubject(args);
  const interrupted = interruption();
  try {
    await Promise.race([start(subject.service), interrupted.promise]);
    subject.begin();
    const burst = await Promise.race([sendBurst(subject.service, args.requests, onSettled), interrupted.promise]);
    return await Promise.race([subject.report(args, burst), interrupted.promise]);
  } finally {
    const { resources } = await subject.service.stop({ graceMs: 0, abortMs: 200 });
    interrupted.dispose();
    for (const { name, error } of resources) if (error !== undefined) console.error(`demo: stopping ${name}:`, error);
  }
}

async function runTest(args: Arguments): Promise<number> {
  const progress = new Progress(args.requests);
  const report = await runOnce(args, progress.step).finally(() => progress.clear());
  if (args.json) console.log(JSON.stringify(report, null, 2));
  else printReport(report, args);
  return report.failures.unexpected > 0 ? 1 : 0;
}

async function runComparison(args: Arguments): Promise<number> {
  const progress = new Progress(8);
  const runService = async (): Promise<number> => (await runOnce(args, () => undefined)).elapsedMs;
  const comparison = await compare(args.requests, args.workers, runService, progress.step).finally(() => progress.clear());
  if (args.json) console.log(JSON.stringify(comparison, null, 2));
  else printComparison(comparison);
  return 0;
}

async function runOutageTest(args: OutageArguments): Promise<number> {
  const { runOutages } = await import("./outages/run-outages.ts"); // as above
  const report = await runOutages(args);
  if (args.json) console.log(JSON.stringify(report, null, 2));
  else printOutages(report);
  return report.areKept ? 0 : 1;
}

async function runRestartTest(args: RestartArguments): Promise<number> {
  const { runRollingRestart } = await import("./rolling-restart/run-rolling-restart.ts"); // as above
  const report = await runRollingRestart(args);
  if (args.json) console.log(JSON.stringify(report, null, 2));
  else printRollingRestart(report);
  return report.areKept ? 0 : 1;
}

async function runHostileTest(args: HostileArguments): Promise<number> {
  const { runHostile } = await import("./hostile/run-hostile.ts"); // as above
  const report = await runHostile(args);
  if (args.json) console.log(JSON.stringify(report, null, 2));
  else printHostile(report);
  return report.areKept ? 0 : 1;
}

async function main([command, ...rest]: readonly string[]): Promise<number> {
  if (command === "outages") {
    const args = readOutageArguments(rest);
    return args === "help" ? printHelp() : runOutageTest(args);
  }
  if (command === "rolling-restart") {
    const args = readRestartArguments(rest);
    return args === "help" ? printHelp() : runRestartTest(args);
  }
  if (command === "hostile") {
    const args = readHostileArguments(rest);
    return args === "help" ? printHelp() : runHostileTest(args);
  }
  const args = readArguments(command === undefined ? [] : [command, ...rest]);
  if (args === "help") return printHelp();
  return args.mode === "compare" ? runComparison(args) : runTest(args);
}

function printHelp(): number {
  console.log(help);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) console.error(`demo: ${error.message} (--help lists the options)`);
  else if (error instanceof Interrupted) console.error("demo: interrupted; everything that was started is stopped");
  else if (error instanceof StartError) console.error(`demo: ${error.message}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof Interrupted ? 130 : 1;
}
