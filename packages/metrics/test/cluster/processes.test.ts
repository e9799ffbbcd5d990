import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Programs } from "./programs.ts";

const programs = new Programs();
beforeAll(() => programs.prepare());
afterAll(() => programs.remove());

const run = promisify(execFile);

/** Obeys what the primary says, and says when it is done. */
const worker = `
  const metrics = new Metrics();
  const publication = publishMetrics(metrics);
  const done = metrics.counter("jobs.done");
  const duration = metrics.histogram("job.duration", { unit: "s" });
  metrics.gauge("jobs.waiting", () => 5, { unit: "{job}" });
  metrics.gauge("load", () => 0.5, { unit: "1" });
  process.on("message", async ({ count, then }) => {
    for (let n = 0; n < count; n++) {
      done.add(1);
      duration.record(0.1);
    }
    if (then === "hang") await publication.flush();
    process.send("counted");
    if (then === "hang") for (;;);
    if (then === "exit") process.exit(0);
    if (then === "leave") {
      await publication.stop();
      process.disconnect();
    }
  });
  process.send("ready");
`;

/** What a scrape shows, in few words. */
const primary = `
  const heard = (worker, text) => new Promise((resolve) => {
    const listen = (message) => { if (message === text) { worker.off("message", listen); resolve(); } };
    worker.on("message", listen);
  });
  const fork = async () => {
    const worker = cluster.fork();
    await heard(worker, "ready");
    return worker;
  };
  const tell = async (worker, count, then) => {
    worker.send({ count, then });
    await heard(worker, "counted");
  };
  const gone = (worker) => worker.isConnected() ? once(cluster, "disconnect") : undefined;
  async function show(title) {
    const { metrics } = await all.snapshot();
    const series = (name) => metrics.find((metric) => metric.name === name)?.series ?? [];
    console.log(JSON.stringify({
      title,
      done: series("jobs.done")[0]?.reading,
      recorded: series("job.duration")[0]?.reading.lifetime.count,
      waiting: series("jobs.waiting").map(({ reading }) => reading),
      load: series("load").map(({ attributes }) => attributes.worker),
      up: Object.fromEntries(series("breakwater.worker.up").map(({ attributes, reading }) => [attributes.worker, reading])),
    }));
  }
`;

async function runCluster(name: string, main: string): Promise<unknown[]> {
  const file = programs.write(
    name,
    `import cluster from "node:cluster";
    import { once } from "node:events";
    import { ClusterMetrics, Metrics, publishMetrics } from "./metrics.mjs";
    if (cluster.isPrimary) { ${main} } else { ${worker} }`,
  );
  const { stdout, stderr } = await run(process.execPath, [file], { timeout: 30_000 });
  expect(stderr).toBe("");
  return stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

it("a cluster is scraped as one process, whoever hangs, is killed, exits or leaves, and its totals never fall", { timeout: 40_000 }, async () => {
  const shown = await runCluster(
    "cluster",
    `const all = new ClusterMetrics({ timeoutMs: 1500 });
    ${primary}
    const [one, two, three, four] = await Promise.all([fork(), fork(), fork(), fork()]);
    await Promise.all([tell(one, 1), tell(two, 20), tell(three, 300), tell(four, 4000)]);
    await show("all");
    await tell(two, 20, "hang");
    await show("2 hangs");
    two.process.kill("SIGKILL");
    await gone(two);
    await show("2 killed");
    await tell(three, 300, "exit");
    await gone(three);
    await show("3 exited");
    await tell(four, 4000, "leave");
    await gone(four);
    await tell(await fork(), 50_000);
    await show("4 left, 5 came");
    all.close();
    console.log(JSON.stringify(["fork", "message", "disconnect"].map((event) => cluster.listenerCount(event))));
    for (const worker of Object.values(cluster.workers)) worker.disconnect();`,
  );
  expect(shown).toEqual([
    { title: "all", done: 4321, recorded: 4321, waiting: [20], load: ["1", "2", "3", "4"], up: { 1: 1, 2: 1, 3: 1, 4: 1 } },
    { title: "2 hangs", done: 4341, recorded: 4341, waiting: [15], load: ["1", "3", "4"], up: { 1: 1, 2: 0, 3: 1, 4: 1 } },
    { title: "2 killed", done: 4341, recorded: 4341, waiting: [15], load: ["1", "3", "4"], up: { 1: 1, 3: 1, 4: 1 } },
    { title: "3 exited", done: 4641, recorded: 4641, waiting: [10], load: ["1", "4"], up: { 1: 1, 4: 1 } },
    { title: "4 left, 5 came", done: 58_641, recorded: 58_641, waiting: [10], load: ["1", "5"], up: { 1: 1, 5: 1 } },
    [0, 0, 0],
  ]);
});

it("workers that were there before the ClusterMetrics take part, and programs without a primary publish to nobody", { timeout: 40_000 }, async () => {
  const shown = await runCluster(
    "late",
    `let all;
    ${primary}
    const alone = publishMetrics(new Metrics());
    await alone.stop();
    console.log(alone.isActive);
    const one = await fork();
    await tell(one, 7);
    all = new ClusterMetrics({ metrics: new Metrics() });
    await tell(one, 3); // asked who is there, it has said hello before it counted
    await show("late");
    all.close();
    one.disconnect();`,
  );
  expect(shown).toEqual([false, { title: "late", done: 10, recorded: 10, waiting: [5], load: ["1"], up: { 1: 1 } }]);
});
