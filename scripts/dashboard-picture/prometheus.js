// A real Prometheus, with a port and a folder of its own, which scrapes one target.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { URLSearchParams } from "node:url";

/** Starts it; `query` asks for a range, `stop` ends it. Its data stay in the folder, which is the caller's. */
export async function startPrometheus(folder, targetPort, scrapeMs) {
  const port = await freePort();
  const config = {
    global: { scrape_interval: `${scrapeMs}ms` },
    scrape_configs: [{ job_name: "shop", static_configs: [{ targets: [`127.0.0.1:${targetPort}`], labels: { instance: "shop-1" } }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML
  const child = spawn(
    "prometheus",
    [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`, "--log.level=error"],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  child.on("error", () => undefined); // seen by whoever waits for it to be ready
  const origin = `http://127.0.0.1:${port}`;
  await ready(origin, child);
  return {
    /** The series of an expression, between two times in seconds. */
    async query(expr, start, end, step) {
      const response = await globalThis.fetch(`${origin}/api/v1/query_range?${new URLSearchParams({ query: expr, start, end, step })}`);
      const { status, error, data } = await response.json();
      if (status !== "success") throw new Error(`${expr}: ${error}`);
      return data.result;
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

async function ready(origin, child) {
  for (let tries = 0; tries < 150; tries++) {
    if (child.pid === undefined) throw new Error("prometheus is not on the PATH; get it with: apt-get install prometheus");
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const isReady = await globalThis.fetch(`${origin}/-/ready`).then(({ ok }) => ok, () => false);
    if (isReady) return;
    await sleep(200);
  }
  child.kill();
  throw new Error("prometheus was not ready in time");
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}
