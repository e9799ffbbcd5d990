import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, Load } from "./load.ts";
import { Programs, type Program } from "./programs.ts";

const programs = new Programs();
let file = "";

/**
 * A service behind node:http, in as many processes as there should be. Its drain is that of a front end: answers say that the
 * connection closes, nobody new is accepted, and idle connections go last.
 */
const program = `
  import cluster from "node:cluster";
  import { once } from "node:events";
  import { existsSync } from "node:fs";
  import { createServer } from "node:http";
  import { Server } from "node:net";
  import { setTimeout as wait } from "node:timers/promises";
  import { createService } from "@breakwater/service";
  import { runCluster, runWorker, WorkerCluster } from "@breakwater/service/cluster";

  const options = JSON.parse(process.argv[2] ?? "{}");

  if (cluster.isPrimary) {
    const workers = new WorkerCluster({ workers: 2, restarts: { minMs: 20 }, settings: { args: process.argv.slice(2) }, ...options });
    const tell = (message) => { if (process.connected) process.send(message); };
    for (const type of ["ready", "exited", "restarting", "rolled", "stopping", "stopped"]) workers.on(type, (event) => tell({ [type]: event }));
    process.on("message", async ({ ask }) => {
      if (ask === "stats") tell({ stats: workers.stats, health: workers.health });
      if (ask === "metrics") tell({ metrics: (await workers.metrics.snapshot()).metrics });
    });
    process.channel.unref();
    cluster.on("message", (worker, message) => { if (message?.port) tell({ port: message.port }); });
    await runCluster(workers, { done: (report) => tell({ done: report }) });
  } else {
    if (options.broken && existsSync(options.broken)) process.exit(5);
    if (options.slowStartMs) await wait(options.slowStartMs);
    const service = createService({ name: "shop", limiter: { limit: 100 } }).handle(async (path, call) => {
      if (path === "/slow") await wait(400, undefined, { signal: call.signal });
      if (path === "/crash") process.exit(9);
      if (path === "/hang") for (;;);
      return String(process.pid);
    });
    let isStopping = false;
    const server = createServer(async (request, response) => {
      try {
        const body = await service.process(request.url);
        if (isStopping) response.setHeader("connection", "close");
        response.end(body);
      } catch (error) {
        response.writeHead(503, { connection: "close" }).end(error.message);
      }
    });
    await runWorker({
      metrics: service.metrics,
      start: async () => {
        await service.start();
        await once(server.listen(0, "127.0.0.1"), "listening");
        process.send({ port: server.address().port });
      },
      stop: async () => {
        isStopping = true;
        const closed = once(server, "close");
        Server.prototype.close.call(server); // http's own would close connections on which a request may be on its way
        await Promise.race([closed, wait(500, undefined, { ref: false })]);
        server.closeIdleConnections();
        return await service.stop({ graceMs: 1_000 });
      },
    });
  }
`;

beforeAll(async () => {
  await programs.prepare();
  file = programs.write("shop", program);
}, 60_000);
afterAll(() => programs.remove());

/** The primary, once so many workers are ready, and the port that they share. */
async function started(options: object = {}, ready = 2): Promise<{ readonly primary: Program; readonly port: number }> {
  const primary = programs.run(file, [JSON.stringify(options)]);
  const port = Number(await primary.says("port"));
  for (let n = 0; n < ready; n += 1) await primary.says("ready");
  return { primary, port };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const stats = async (primary: Program): Promise<{ readonly workers: readonly { readonly id: number; readonly pid: number }[]; readonly [key: string]: unknown }> => {
  primary.tell({ ask: "stats" });
  return (await primary.says("stats")) as never; // what `ask` answers
};

describe("a cluster of real processes", () => {
  it.each([true, false])("restarts its workers one by one under load, keep-alive %s, and no request fails", { timeout: 60_000 }, async (keepAlive) => {
    const { primary, port } = await started();
    const before = (await stats(primary)).workers.map(({ pid }) => String(pid));
    const load = new Load(port, 8, keepAlive);
    await expect.poll(() => load.answered, { timeout: 20_000 }).toBeGreaterThan(100);
    let rolled: unknown;
    for (let round = 0; round < 4; round += 1) {
      primary.signal("SIGHUP");
      rolled = await primary.says("rolled");
    }
    const until = load.answered + 100;
    await expect.poll(() => load.answered, { timeout: 20_000 }).toBeGreaterThan(until);
    const { failures, byWorker } = await load.stop();
    expect(rolled).toMatchObject({ isComplete: true, replaced: 2, stopped: [{ isDrained: true, isForced: false }, { isDrained: true, isForced: false }] });
    expect(failures).toEqual({});
    const after = await stats(primary);
    expect(after).toMatchObject({ state: "running", ready: 2, crashes: 0, generation: 4 });
    const now = after.workers.map(({ pid }) => String(pid));
    expect(now.some((pid) => before.includes(pid))).toBe(false);
    expect(Object.keys(byWorker).length, "the old ones and the new ones served").toBeGreaterThan(2);
    primary.signal("SIGTERM");
    expect(await primary.exited).toEqual([0, null]);
  });

  it("is measured as one: what workers counted that are gone is not lost", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    for (let n = 0; n < 10; n += 1) await ask(port);
    primary.signal("SIGHUP");
    await primary.says("rolled");
    for (let n = 0; n < 10; n += 1) await ask(port);
    primary.tell({ ask: "metrics" });
    const metrics = (await primary.says("metrics")) as { name: string; series: { attributes: Record<string, string>; reading: number }[] }[];
    const series = metrics.find(({ name }) => name === "breakwater.service.requests")?.series ?? [];
    expect(series.find(({ attributes }) => attributes.outcome === "success")?.reading).toBe(20);
    expect(metrics.find(({ name }) => name === "breakwater.worker.up")?.series).toHaveLength(2);
    primary.signal("SIGTERM");
    expect(await primary.exited).toEqual([0, null]);
  });

  it("replaces a worker that crashed, and one that was killed", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    await expect(ask(port, "/crash")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await primary.says("exited")).toMatchObject({ code: 9, wasReady: true, wasAsked: false });
    await primary.says("ready");
    const [{ pid } = { pid: 0 }] = (await stats(primary)).workers;
    process.kill(pid, "SIGKILL");
    expect(await primary.says("exited")).toMatchObject({ pid, signal: "SIGKILL" });
    await primary.says("ready");
    expect(await stats(primary)).toMatchObject({ ready: 2, crashes: 2 });
    expect((await ask(port)).status).toBe(200);
    primary.signal("SIGINT");
    expect(await primary.exited).toEqual([0, null]);
  });

  it("gives a rolling restart up when the new program does not start, and serves on", { timeout: 60_000 }, async () => {
    const broken = programs.write("broken-now", "").replace(/\.mjs$/, ".flag");
    const { primary, port } = await started({ broken });
    writeFileSync(broken, "");
    const load = new Load(port, 4, true);
    primary.signal("SIGHUP");
    expect(await primary.says("rolled")).toMatchObject({ isComplete: false, reason: "not-ready", replaced: 0, exit: { code: 5, wasReady: false } });
    expect((await load.stop()).failures).toEqual({});
    expect(await stats(primary)).toMatchObject({ ready: 2, crashes: 0 });
    await expect.poll(() => primary.output).toContain("rolling restart gave up: not-ready (worker 3: 5)");
    primary.signal("SIGTERM");
    expect(await primary.exited).toEqual([0, null]);
  });

  it("answers what was accepted before it ends by a SIGTERM", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    const slow = ask(port, "/slow");
    await ask(port); // that one is in work, by now
    primary.signal("SIGTERM");
    expect((await slow).status).toBe(200);
    expect(await primary.says("done")).toMatchObject({ exitCode: 0, signal: "SIGTERM", stop: { isDrained: true } });
    expect(await primary.exited).toEqual([0, null]);
    await expect(ask(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("kills a worker that hangs when its time to stop is over, and says so by its exit code", { timeout: 60_000 }, async () => {
    const { primary, port } = await started({ stopTimeoutMs: 300 });
    const hanging = expect(ask(port, "/hang")).rejects.toMatchObject({ code: "ECONNRESET" });
    await ask(port);
    primary.signal("SIGTERM");
    await hanging;
    expect(await primary.says("done")).toMatchObject({ exitCode: 1, stop: { isDrained: false } });
    expect(await primary.exited).toEqual([1, null]);
  });

  it("does not wait after a second signal", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    const pids = (await stats(primary)).workers.map(({ pid }) => pid);
    const hanging = expect(ask(port, "/hang")).rejects.toMatchObject({ code: "ECONNRESET" });
    await ask(port);
    primary.signal("SIGTERM");
    await primary.says("stopping");
    primary.signal("SIGINT");
    expect(await primary.exited).toEqual([130, null]);
    await hanging;
    for (const pid of pids) await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it("stops workers that have not come to listen for it yet", { timeout: 60_000 }, async () => {
    const primary = programs.run(file, [JSON.stringify({ slowStartMs: 300 })]);
    await expect.poll(async () => (await stats(primary)).workers.length, { timeout: 10_000 }).toBe(2);
    primary.signal("SIGTERM");
    expect(await primary.says("done")).toMatchObject({ exitCode: 0, stop: { workers: [{ isForced: false }, { isForced: false }] } });
    expect(await primary.exited).toEqual([0, null]);
  });

  it("exits with 1 and the reason when its workers cannot start at all", { timeout: 60_000 }, async () => {
    const broken = programs.write("always-broken", "");
    const primary = programs.run(file, [JSON.stringify({ broken, restarts: { minMs: 1, budget: 2 } })]);
    expect(await primary.exited).toEqual([1, null]);
    expect(primary.output).toContain("none is left, and no more may be started for now; the last one ended with the exit code 5 before it was ready");
  });

  it("leaves no orphans: workers whose primary was killed answer what they have accepted, and end", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    const pids = (await stats(primary)).workers.map(({ pid }) => pid);
    const slow = ask(port, "/slow");
    await ask(port);
    primary.signal("SIGKILL");
    expect(await primary.exited).toEqual([null, "SIGKILL"]);
    expect((await slow).status).toBe(200);
    for (const pid of pids) await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it("leaves none either where they hang in their stop: they have as long as their primary would have let them", { timeout: 60_000 }, async () => {
    const hanging = programs.run(
      programs.write(
        "hanging",
        `import cluster from "node:cluster";
        import { runCluster, runWorker, WorkerCluster } from "@breakwater/service/cluster";
        if (cluster.isPrimary) {
          const workers = new WorkerCluster({ workers: 1, stopTimeoutMs: Number(process.argv[2]) });
          workers.on("ready", ({ pid }) => process.send({ pid }));
          process.channel.unref();
          await runCluster(workers);
        } else {
          setInterval(() => undefined, 1000);
          await runWorker({ stop: () => new Promise(() => undefined) });
        }`,
      ),
      ["300"],
    );
    const pid = Number(await hanging.says("pid"));
    hanging.signal("SIGKILL");
    expect(await hanging.exited).toEqual([null, "SIGKILL"]);
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it("leaves a SIGINT of the terminal to the primary, and replaces a worker that somebody ended by a SIGTERM", { timeout: 60_000 }, async () => {
    const { primary, port } = await started();
    const [first] = (await stats(primary)).workers;
    const pid = first?.pid ?? 0;
    process.kill(pid, "SIGINT");
    process.kill(pid, "SIGHUP");
    for (let n = 0; n < 4; n += 1) await ask(port);
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, "SIGTERM");
    expect(await primary.says("exited")).toMatchObject({ pid, code: 0, wasAsked: false });
    await primary.says("ready");
    expect((await ask(port)).status).toBe(200);
    primary.signal("SIGTERM");
    expect(await primary.exited).toEqual([0, null]);
  });

  it("needs no primary: the same program runs alone", { timeout: 60_000 }, async () => {
    const alone = programs.run(
      programs.write(
        "alone",
        `import { createService } from "@breakwater/service";
        import { runWorker } from "@breakwater/service/cluster";
        const service = createService().handle(async () => 1);
        const keep = setInterval(() => undefined, 1000);
        service.on("stopped", () => clearInterval(keep));
        await runWorker(service);
        process.send({ answer: await service.process(1) });
        process.channel.unref();`,
      ),
    );
    expect(await alone.says("answer")).toBe(1);
    alone.signal("SIGINT");
    expect(await alone.exited).toEqual([0, null]);
  });

  it("alone does not wait for a stop that hangs after a second signal", { timeout: 60_000 }, async () => {
    const hanging = programs.run(
      programs.write(
        "hanging",
        `import { runWorker } from "@breakwater/service/cluster";
        setInterval(() => undefined, 1000);
        await runWorker({ stop: () => new Promise(() => process.send({ stopping: true })) });
        process.send({ up: true });
        process.channel.unref();`,
      ),
    );
    await hanging.says("up");
    hanging.signal("SIGTERM");
    await hanging.says("stopping");
    hanging.signal("SIGTERM");
    expect(await hanging.exited).toEqual([143, null]);
  });

  it("ends a start by a stop that comes during it, and exits with 1 when the stop was not clean", { timeout: 60_000 }, async () => {
    const starting = programs.run(
      programs.write(
        "starting",
        `import { createService } from "@breakwater/service";
        import { runWorker } from "@breakwater/service/cluster";
        const begun = ({ signal }) => new Promise((resolve, reject) => {
          process.send({ begun: true });
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        const service = createService({ resources: [{ name: "a", start: begun, stop: () => Promise.reject(new Error("stuck")) }] }).handle(async () => 1);
        setInterval(() => undefined, 1000);
        const stop = async () => {
          await service.stop();
          process.send({ state: service.state });
          return { isDrained: false };
        };
        runWorker({ start: () => service.start(), stop }).then(() => process.send({ up: true }), (error) => process.send({ failed: error.message }));`,
      ),
    );
    await starting.says("begun");
    starting.signal("SIGTERM");
    expect(await starting.says("state")).toBe("stopped");
    expect(await starting.exited).toEqual([1, null]);
    expect(starting.output).toContain("stuck");
  });

  it("has no workers of a worker's own, and gives workers further variables", { timeout: 60_000 }, async () => {
    const nested = programs.run(
      programs.write(
        "nested",
        `import cluster from "node:cluster";
        import { runCluster, runWorker, WorkerCluster } from "@breakwater/service/cluster";
        if (cluster.isPrimary) {
          cluster.on("message", (worker, message) => { if (message?.told) process.send(message); });
          process.channel.unref();
          await runCluster(new WorkerCluster({ workers: 1, env: { GREETING: "hello" } }));
        } else {
          setInterval(() => undefined, 1000);
          await runWorker({});
          try { new WorkerCluster(); } catch (error) { process.send({ told: [process.env.GREETING, error.message] }); }
        }`,
      ),
    );
    expect(await nested.says("told")).toEqual(["hello", "a worker has no workers of its own: make a WorkerCluster where cluster.isPrimary is true"]);
    nested.signal("SIGTERM");
    expect(await nested.exited).toEqual([0, null]);
  });

  it("ends a worker whose start fails with the error on its output, and no primary hears that it is ready", { timeout: 60_000 }, async () => {
    const failing = programs.run(
      programs.write(
        "failing",
        `import { runWorker } from "@breakwater/service/cluster";
        await runWorker({ start: () => Promise.reject(new Error("no database")) });`,
      ),
    );
    expect(await failing.exited).toEqual([1, null]);
    expect(failing.output).toContain("no database");
  });
});
