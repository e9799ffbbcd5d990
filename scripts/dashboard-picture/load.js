// The service that is pictured: 10 ms of a pooled database and 50 ms of an external API, as in apps/demo, here with
// retries and a timeout round the API, under arrivals that do not wait for answers. Told to, the API browns out: it
// takes five times as long and half of its answers fail. Tells its parent the port of /metrics and ends with it.
import { createServer } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Breaker, timeWindow } from "@breakwater/breaker";
import { Timeout } from "@breakwater/deadline";
import { contentType, Metrics } from "@breakwater/metrics";
import { watchRuntime } from "@breakwater/metrics/runtime";
import { Pool } from "@breakwater/pool";
import { Retry } from "@breakwater/retry";
import { createService } from "@breakwater/service";

const ratePerSecond = 250;
const metrics = new Metrics();
watchRuntime(metrics, { intervalMs: 500 });

let isBrownedOut = false;
process.on("message", (message) => (isBrownedOut = message === "brown out"));
process.on("disconnect", () => process.exit());

const pool = new Pool({ name: "database", max: 8, meter: metrics, create: () => ({}) });
const trip = timeWindow({ windowMs: 2_000, failureRatio: 0.4, minimumCalls: 20 });
const breaker = new Breaker({ name: "external-api", trip, breakMs: 1_500, meter: metrics });
const retry = new Retry({ name: "external-api", attempts: 3, meter: metrics });
const timeout = new Timeout({ name: "external-api", timeoutMs: 300, meter: metrics });

async function callApi() {
  const wasBrownedOut = isBrownedOut;
  await sleep((wasBrownedOut ? 250 : 50) * (0.7 + 0.6 * Math.random()));
  if (Math.random() < (wasBrownedOut ? 0.5 : 0.002)) throw new Error("the external API failed");
}

const service = createService({ name: "shop", limiter: { limit: 40, queueLimit: 60, queueTimeoutMs: 500 }, health: { windowMs: 10_000 }, metrics }).handle(
  async (request, call) => {
    await pool.use(() => sleep(10), call);
    await retry.run((tried) => breaker.run((admitted) => timeout.run(() => callApi(), admitted), tried), call);
    return request;
  },
);
await service.start();

// Gaps between arrivals are exponential, so that the load is as uneven as that of many clients.
async function arrive() {
  for (let dueAt = performance.now(); ; dueAt -= (Math.log(1 - Math.random()) * 1e3) / ratePerSecond) {
    const aheadMs = dueAt - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
    service.process({}).catch(() => undefined); // what failed is in the metrics
  }
}
void arrive();

const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": contentType }).end(metrics.prometheus());
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
