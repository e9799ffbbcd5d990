import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ask, until } from "./helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "breakwater-http-"));
const program = join(folder, "program.mjs");

beforeAll(async () => {
  await build({
    stdin: { contents: 'export * from "@breakwater/http/node"; export { Health } from "@breakwater/health";', resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    outfile: join(folder, "http.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: process.env.BREAKWATER_BUILT === "1" ? [] : ["@breakwater/source"],
  });
  writeFileSync(
    program,
    `
    import { createAdminServer, createHttpServer, Health, httpRoute, runUntilSignal } from "./http.mjs";
    const { port = 0, startMs = 0, ...options } = JSON.parse(process.argv[2]);
    const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const health = new Health();
    let cancel;
    const service = {
      name: "service",
      health,
      start: () => {
        if (startMs === 0) return;
        process.send({ starting: true });
        return Promise.race([after(startMs), new Promise((_, reject) => (cancel = reject))]);
      },
      stop: async () => void cancel?.(new Error("stopped while starting")),
    };
    const serve = async ({ path }) => {
      process.send({ asked: path });
      if (path === "/slow") await after(300);
      if (path === "/hangs") await new Promise(() => undefined);
      return path;
    };
    const admin = createAdminServer({ health });
    const server = createHttpServer(httpRoute(serve), { port });
    const told = { name: "told", start: () => void process.send({ url: server.url, admin: admin.url }), stop: () => Promise.resolve() };
    setInterval(() => undefined, 1_000); // something that was left open
    runUntilSignal([admin, service, server, told], { ...options, done: (report) => process.send({ report: { ...report, error: report.error?.code } }) });
    `,
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly url: string;
  readonly admin: string;
  readonly asked: string;
  readonly starting: boolean;
  readonly report: { readonly exitCode: number; readonly signal?: string; readonly error?: string; readonly drain?: { readonly isDrained: boolean; readonly parts: readonly unknown[] } };
}

/** A process of its own, with what it said. */
class Run {
  readonly child: ChildProcess;
  readonly told: Partial<Told>[] = [];
  readonly #exit: Promise<unknown[]>;

  constructor(options: object) {
    this.child = fork(program, [JSON.stringify(options)], { execArgv: [] });
    this.#exit = once(this.child, "exit");
    this.child.on("message", (message) => this.told.push(message as Partial<Told>)); // the program above sends them
    onTestFinished(() => void this.child.kill("SIGKILL"));
  }

  async hears<K extends keyof Told>(key: K, value?: Told[K]): Promise<Partial<Told>> {
    const find = (): Partial<Told> | undefined => this.told.find((each) => key in each && (value === undefined || each[key] === value));
    await until(() => find() !== undefined);
    return find() ?? {};
  }

  async urls(): Promise<{ readonly main: { readonly url: string }; readonly admin: { readonly url: string } }> {
    const { url = "", admin = "" } = await this.hears("url");
    return { main: { url }, admin: { url: admin } };
  }

  async exitCode(): Promise<unknown> {
    return (await this.#exit)[0];
  }
}

describe("a real process", () => {
  it("on SIGTERM is not ready, serves on, ends what is in flight over keep-alive, and exits with 0 although something is open", async () => {
    const run = new Run({ lameDuckMs: 200, graceMs: 10_000 });
    const { main, admin } = await run.urls();
    expect((await ask(admin, { path: "/readyz" })).status).toBe(200);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const slow = ask(main, { path: "/slow", agent });
    await run.hears("asked", "/slow");
    run.child.kill("SIGTERM");
    while ((await ask(admin, { path: "/readyz" })).status === 200);
    expect([(await ask(main, { path: "/new" })).status, (await ask(admin, { path: "/livez" })).status]).toEqual([200, 200]);
    const answer = await slow;
    expect([answer.text, answer.headers.connection]).toEqual(['"/slow"', "close"]);
    expect(await run.exitCode()).toBe(0);
    const { report } = await run.hears("report");
    expect(report).toMatchObject({ exitCode: 0, signal: "SIGTERM", drain: { isDrained: true, parts: [{ name: "told" }, { name: "http" }, { name: "service" }, { name: "admin" }] } });
    await expect(ask(admin, { path: "/livez" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("forces what does not end within the budget, says so, and exits with 1", async () => {
    const run = new Run({ graceMs: 50, abortMs: 50 });
    const { main } = await run.urls();
    const hangs = ask(main, { path: "/hangs" }).catch((error: unknown) => error);
    await run.hears("asked", "/hangs");
    run.child.kill("SIGINT");
    expect(await run.exitCode()).toBe(1);
    expect(await hangs).toMatchObject({ code: "ECONNRESET" });
    const { report } = await run.hears("report");
    expect(report).toMatchObject({ exitCode: 1, signal: "SIGINT", drain: { isDrained: false, parts: [{}, { name: "http", outcome: "forced", report: { forced: { requests: 1, connections: 1 } } }, {}, {}] } });
  });

  it("a second signal forces at once, with 128 and its number", async () => {
    const run = new Run({ lameDuckMs: 60_000, graceMs: 60_000 });
    const { main, admin } = await run.urls();
    const hangs = ask(main, { path: "/hangs" }).catch((error: unknown) => error);
    await run.hears("asked", "/hangs");
    run.child.kill("SIGTERM");
    while ((await ask(admin, { path: "/readyz" })).status === 200);
    run.child.kill("SIGINT");
    expect(await run.exitCode()).toBe(130);
    expect(await hangs).toMatchObject({ code: "ECONNRESET" });
  });

  it("a signal during the start cancels it, and exits with 0", async () => {
    const run = new Run({ startMs: 60_000 });
    await run.hears("starting");
    run.child.kill("SIGTERM");
    expect(await run.exitCode()).toBe(0);
    expect((await run.hears("report")).report?.signal).toBe("SIGTERM");
  });

  it("a start that fails exits with 1, by the error", async () => {
    const first = new Run({});
    const { main } = await first.urls();
    const second = new Run({ port: Number(new URL(main.url).port) });
    expect(await second.exitCode()).toBe(1);
    expect((await second.hears("report")).report).toMatchObject({ exitCode: 1, error: "EADDRINUSE" });
  });
});
