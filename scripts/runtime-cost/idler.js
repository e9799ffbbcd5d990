// A process that does nothing but what its arguments say, and prints the share of a core that this took.
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { Metrics } from "@breakwater/metrics";
import { watchRuntime } from "@breakwater/metrics/runtime";

const [mode, seconds, manifest] = process.argv.slice(2);
const metrics = new Metrics();
const rival = mode.startsWith("prom-client") ? createRequire(manifest)("prom-client") : undefined;
rival?.collectDefaultMetrics();
if (mode.startsWith("watch")) watchRuntime(metrics);

const everyTime = {
  timer: () => undefined,
  "watch, timer": () => undefined,
  "watch, scrape": () => void metrics.prometheus(),
  "prom-client, scrape": () => void rival.register.metrics(),
}[mode];
if (everyTime !== undefined) setInterval(everyTime, 50);

await sleep(1_500); // until what is done often has been compiled
const [startedAt, before] = [performance.now(), process.cpuUsage()];
await sleep(Number(seconds) * 1_000);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e3 / (performance.now() - startedAt));
process.exit();
