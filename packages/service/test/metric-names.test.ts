import { spawnSync } from "node:child_process";
import { AdaptiveThrottle, Breaker, KeyedBreaker } from "@breakwater/breaker";
import { ManualClock } from "@breakwater/core/testing";
import { Deadline, Timeout } from "@breakwater/deadline";
import { AdaptiveLimiter, aimd, ConcurrencyLimiter, KeyedRateLimiter, PartitionedLimiter, RateLimiter, Shedder, tokenBucket } from "@breakwater/limiter";
import { Metrics } from "@breakwater/metrics";
import { watchRuntime } from "@breakwater/metrics/runtime";
import { coalescing, fallback, loadShedding, timing } from "@breakwater/middleware";
import { KeyedPool, Pool } from "@breakwater/pool";
import { Hedge, Retry } from "@breakwater/retry";
import { createService } from "@breakwater/service";
import { describe, expect, it, onTestFinished } from "vitest";

const isMissing = spawnSync("promtool", ["--version"]).error !== undefined;
const reason = isMissing ? ": promtool is not on the PATH (apt-get install prometheus)" : "";

/** What `promtool check metrics` says, line by line. */
function complaintsOf(text: string): string[] {
  const { error, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
}

const work = (): Promise<number> => Promise.resolve(1);

/** Everything that measures, each having done something where it takes that to make its series. */
async function everything(meter: Metrics): Promise<void> {
  const common = { meter, clock: new ManualClock() };
  const size = { create: (): number => 1, max: 1 };
  const runners = [
    new Breaker(common),
    new AdaptiveThrottle(common),
    new ConcurrencyLimiter({ ...common, limit: 1 }),
    new AdaptiveLimiter({ ...common, strategy: aimd() }),
    new RateLimiter({ ...common, algorithm: tokenBucket({ refillPerSecond: 1, burst: 1 }) }),
    new Shedder({ ...common, signals: [{ name: "calm", read: () => 0 }] }),
    new Timeout({ ...common, timeoutMs: 100 }),
    new Deadline({ ...common, timeoutMs: 100 }),
    new Retry(common),
    new Hedge({ ...common, delayMs: 100 }),
  ];
  for (const runner of runners) await runner.run(work);
  await new Pool({ ...common, ...size }).use(work);
  new KeyedBreaker(common);
  new KeyedPool({ ...common, ...size });
  new KeyedRateLimiter({ ...common, algorithm: tokenBucket({ refillPerSecond: 1, burst: 1 }) });
  new PartitionedLimiter({ ...common, limit: 1, partitions: { a: { share: 1 } } });
  for (const layer of [
    timing(common),
    coalescing({ ...common, key: () => "a" }),
    fallback({ meter, handle: () => 2 }),
    loadShedding({ ...common, load: () => 0 }),
  ]) {
    await layer(work)("in", {});
  }
  const service = createService({ metrics: meter, clock: common.clock }).handle(work);
  await service.start();
  await service.process({});
  await service.stop();
}

describe("the names of all metrics", () => {
  it.skipIf(isMissing)(`pass promtool, but for one that OpenTelemetry's conventions give${reason}`, async () => {
    const metrics = new Metrics();
    const watch = watchRuntime(metrics);
    onTestFinished(() => watch.stop());
    await everything(metrics);
    const text = metrics.prometheus();
    expect(complaintsOf(text)).toEqual([
      'db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix',
    ]);
    expect(text.match(/^# TYPE /gm)?.length).toBeGreaterThan(70);
  });
});
