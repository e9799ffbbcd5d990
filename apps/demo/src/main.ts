import { Metrics } from "@breakwater/metrics";
import { help, readArguments, UsageError, type Arguments } from "./arguments.ts";
import { compare, printComparison } from "./compare.ts";
import type { Dependencies, DependencyOptions } from "./dependencies.ts";
import { composeService, sendBurst, type Subject } from "./performance-test.ts";
import { printReport } from "./print-report.ts";
import { Progress } from "./progress.ts";
import { chooseFailing } from "./random.ts";
import { makeReport, type Report } from "./report.ts";
import { simulated } from "./simulated.ts";

/** Ctrl-C, or a supervisor's request to end. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A dependency could not be had: nothing that a stack trace of ours would explain. */
class StartError extends Error {
  override readonly name = "StartError";
}

/** Rejects on SIGINT and SIGTERM, so that whoever races it can clean up and leave. */
function interruption(): { readonly promise: Promise<never>; dispose(): void } {
  let interrupt = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Interrupted("interrupted"));
  });
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  promise.catch(() => undefined); // nobody may be racing when it comes
  return { promise, dispose: () => process.off("SIGINT", interrupt).off("SIGTERM", interrupt) };
}

async function makeDependencies(mode: Arguments["mode"], options: DependencyOptions): Promise<Dependencies> {
  if (mode !== "real") return simulated(options);
  const { real } = await import("./real.ts"); // loads PostgreSQL's client and server only for those who want them
  return real(options);
}

async function compose({ mode, requests, workers, failRate, seed }: Arguments): Promise<Subject> {
  const metrics = new Metrics();
  const failing = chooseFailing(requests, failRate, seed);
  return composeService(requests, workers, metrics, await makeDependencies(mode, { workers, failing, meter: metrics }));
}

async function start({ service }: Subject): Promise<void> {
  try {
    await service.start();
  } catch (error) {
    throw new StartError(`could not start: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Starts the service, sends the burst, and stops everything again, whatever happened in between. */
async function runOnce(args: Arguments, onSettled: () => void): Promise<Report> {
  const subject = await compose(args);
  const interrupted = interruption();
  try {
    await Promise.race([start(subject), interrupted.promise]);
    subject.breakerLog.start();
    const burst = await Promise.race([sendBurst(subject.service, args.requests, onSettled), interrupted.promise]);
    return makeReport(args, burst, subject);
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

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args === "help") {
    console.log(help);
    return 0;
  }
  return args.mode === "compare" ? runComparison(args) : runTest(args);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`demo: ${error.message} (--help lists the options)`);
  else if (error instanceof Interrupted) console.error("demo: interrupted; everything that was started is stopped");
  else if (error instanceof StartError) console.error(`demo: ${error.message}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : error instanceof Interrupted ? 130 : 1;
}
