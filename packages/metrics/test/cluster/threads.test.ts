import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Snapshot } from "@breakwater/metrics";
import { ClusterMetrics } from "@breakwater/metrics/cluster";
import { Programs } from "./programs.ts";

const programs = new Programs();
let file = "";
beforeAll(async () => {
  await programs.prepare();
  file = programs.write(
    "thread",
    `import { parentPort } from "node:worker_threads";
    import { Metrics, publishMetrics } from "./metrics.mjs";
    const metrics = new Metrics();
    const publication = publishMetrics(metrics);
    metrics.gauge("load", () => 0.5, { unit: "1" });
    const done = metrics.counter("jobs.done");
    parentPort.on("message", async ({ count, then }) => {
      done.add(count);
      if (then === "hang") await publication.flush();
      parentPort.postMessage("counted");
      if (then === "hang") for (;;);
      if (then === "end") parentPort.close(); // nothing else keeps it alive, so our channel must not either
      if (then === "exit") process.exit(0);
    });`,
  );
});
afterAll(() => programs.remove());

async function tell(thread: Worker, count: number, then?: string): Promise<void> {
  const counted = new Promise<void>((resolve) => thread.on("message", (message: unknown) => message === "counted" && resolve()));
  thread.postMessage({ count, then });
  await counted;
}

function shown({ metrics }: Snapshot): unknown {
  const series = (name: string) => metrics.find((metric) => metric.name === name)?.series ?? [];
  return {
    done: series("jobs.done")[0]?.reading,
    load: series("load").map(({ attributes }) => attributes.worker),
    up: Object.fromEntries(series("breakwater.worker.up").map(({ attributes, reading }): [string, unknown] => [attributes.worker ?? "", reading])),
  };
}

it("threads are scraped as one process, whoever hangs, is terminated, exits or comes to its end", { timeout: 30_000 }, async () => {
  const all = new ClusterMetrics({ timeoutMs: 1500 });
  const threads = ["a", "b", "c", "d"].map((name) => {
    const thread = new Worker(file);
    all.add(thread, { name });
    return thread;
  });
  const [a, b, c, d] = threads;
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four were made");
  await Promise.all([tell(a, 1), tell(b, 20), tell(c, 300), tell(d, 4000)]);
  expect(shown(await all.snapshot())).toEqual({ done: 4321, load: ["a", "b", "c", "d"], up: { a: 1, b: 1, c: 1, d: 1 } });

  await tell(b, 20, "hang");
  expect(shown(await all.snapshot())).toEqual({ done: 4341, load: ["a", "c", "d"], up: { a: 1, b: 0, c: 1, d: 1 } });
  await b.terminate();

  await Promise.all([once(c, "exit"), tell(c, 300, "end")]);
  await Promise.all([once(d, "exit"), tell(d, 4000, "exit")]);
  await expect.poll(async () => shown(await all.snapshot()), { timeout: 5000 }).toEqual({ done: 8641, load: ["a"], up: { a: 1 } });

  all.close();
  expect(threads.map((thread) => thread.listenerCount("exit"))).toEqual([0, 0, 0, 0]);
  expect(shown(await all.snapshot())).toEqual({ done: 8641, load: [], up: {} });
  await a.terminate();
});

it("a thread that never publishes has up 0, and nobody waits for it", async () => {
  const all = new ClusterMetrics({ timeoutMs: 100_000 });
  const thread = new Worker("setInterval(() => undefined, 1000)", { eval: true });
  all.add(thread, { name: "mute" });
  expect(shown(await all.snapshot())).toEqual({ load: [], up: { mute: 0 } });
  await thread.terminate();
  expect(shown(await all.snapshot())).toEqual({ load: [], up: {} });
  all.close();
});

it("a thread publishes one registry to its parent, since two could not be told apart, and another once that has stopped", async () => {
  const program = programs.write(
    "twice",
    `import { parentPort } from "node:worker_threads";
    import { Metrics, publishMetrics } from "./metrics.mjs";
    const metrics = new Metrics();
    const first = publishMetrics(metrics);
    const said = [];
    try { publishMetrics(new Metrics()); } catch (error) { said.push(error.message); }
    await first.stop();
    const second = publishMetrics(metrics);
    said.push(second.isActive);
    parentPort.postMessage({ said });`,
  );
  const said = await new Promise<unknown>((resolve) => {
    new Worker(program).on("message", (message: object) => "said" in message && resolve(message.said));
  });
  expect(said).toEqual(["this worker publishes already: stop that first, or give it a port of its own", true]);
});

it("neither end keeps a program alive", { timeout: 20_000 }, async () => {
  const program = programs.write(
    "ends",
    `import { MessageChannel } from "node:worker_threads";
    import { ClusterMetrics, Metrics, publishMetrics } from "./metrics.mjs";
    const { port1, port2 } = new MessageChannel();
    const all = new ClusterMetrics();
    all.add(port1, { name: "x" });
    publishMetrics(new Metrics(), { port: port2 });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    const { metrics } = await all.snapshot();
    console.log(metrics.length, metrics[0].series[0].reading);`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 10_000 });
  expect(stdout).toBe("1 1\n");
});
