import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OutagesReport } from "../src/outages/run-outages.ts";
import type { Report } from "../src/report.ts";
import type { RollingRestartReport } from "../src/rolling-restart/run-rolling-restart.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function demo(...args: readonly string[]): Promise<Ended> {
  return demoWith({}, ...args);
}

async function demoWith(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await run(process.execPath, [main, ...args], { env: { ...ownFolder, ...env } })) };
  } catch (error) {
    // What execFile rejects with when the status is not 0.
    return error as Ended;
  }
}

// A folder for temporary files of its own, so that what another run leaves for a moment is not taken for ours.
const scratch = mkdtempSync(join(tmpdir(), "demo-test-"));
chmodSync(scratch, 0o755); // PostgreSQL runs as another user
const ownFolder = { ...process.env, TMPDIR: scratch };
const leftovers = (): string[] => readdirSync(scratch);
afterAll(() => rmSync(scratch, { recursive: true }));

beforeAll(async () => {
  const tsup = fileURLToPath(new URL("../node_modules/tsup/dist/cli-default.js", import.meta.url));
  await run(process.execPath, [tsup, "--silent", "--config", "apps/demo/tsup.config.ts"], { cwd: root });
}, 60_000);

describe("the demo", () => {
  it("answers every request and prints the figures", async () => {
    const { code, stdout } = await demo("--requests", "50", "--workers", "25");
    expect(code).toBe(0);
    for (const figure of ["total requests       50", "succeeded            50", "failed               0", "HEALTHY"]) {
      expect(stdout).toContain(figure);
    }
    expect(stdout).not.toContain("\u001b"); // colours are for terminals
  });

  it("prints JSON and nothing else with --json", async () => {
    const { code, stdout, stderr } = await demo("--requests", "20", "--workers", "20", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      requests: 20,
      succeeded: 20,
      failed: 0,
      idealElapsedMs: 60,
      health: { status: "HEALTHY" },
      connections: { made: 20, reused: 0 },
    });
  });

  it("fails what it was asked to, lets breaker and health react, and still exits with 0", async () => {
    const { code, stdout } = await demo("--requests", "300", "--workers", "50", "--fail-rate", "0.5", "--seed", "3", "--json");
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { breaker: { steps: { to: string }[] } };
    expect(report).toMatchObject({ health: { status: "UNHEALTHY" }, failures: { unexpected: 0 } });
    expect(report.breaker.steps[0]?.to).toBe("open");
  });

  it("compares with the bare semaphore", async () => {
    const { code, stdout } = await demo("--compare", "--requests", "20", "--workers", "20", "--json");
    expect(code).toBe(0);
    const comparison = JSON.parse(stdout) as { ratio: number };
    expect(comparison).toMatchObject({ requests: 20, workers: 20, rounds: 7, idealMs: 60 });
    expect(comparison.ratio).toBeGreaterThan(0);
  });

  it("answers a wrong option in one line, with status 2", async () => {
    expect(await demo("--wrokers", "3")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "demo: Unknown option '--wrokers' (--help lists the options)\n",
    });
  });

  it("says in one line which dependency is not there, and exits with 1", async () => {
    const ended = await demoWith({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" }, "--real", "--requests", "5");
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: "demo: could not start: connect ECONNREFUSED 127.0.0.1:1\n" });
  }, 60_000);

  it("explains itself with --help", async () => {
    const { code, stdout } = await demo("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--fail-rate P");
    expect(await demo("outages", "--help")).toMatchObject({ code: 0, stdout });
  });

  it("goes the whole way with --real, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await demo("--real", "--requests", "40", "--workers", "10", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ succeeded: 40, failed: 0, connections: { made: 10 }, network: { answered: { http: 20, socket: 20 } } });
    // Each order takes a connection, and some products had to be asked for.
    expect(report.connections.reused).toBeGreaterThan(40);
    expect(report.network?.processes.map(({ name }) => name)).toEqual(["service-1", "service-2"]);
    expect(report.network?.processes.reduce((sum, { requests }) => sum + requests, 0)).toBe(40);
    expect(report.metrics.requests).toEqual({ success: 40 });
    expect(leftovers()).toEqual([]);
  }, 60_000);

  it("fails over the network what it was asked to", async () => {
    const { code, stdout } = await demo("--real", "--requests", "200", "--workers", "20", "--fail-rate", "0.5", "--json");
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ health: { status: "UNHEALTHY" }, failures: { unexpected: 0 } });
    // A retry that the breaker refuses ends as a refusal.
    expect(report.failures.injected + report.failures.refusedByBreaker).toBe(report.failed);
    expect(report.failed).toBeGreaterThan(50);
    expect(report.breaker.steps[0]?.to).toBe("open");
  }, 60_000);

  it("keeps every claim through the outages, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await demo("outages", "--rate", "60", "--phase-ms", "800", "--deadline-ms", "5000", "--json");
    const { outages, claims, hasRedis } = JSON.parse(stdout) as OutagesReport;
    expect(claims.filter(({ isKept }) => !isKept)).toEqual([]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(outages.map(({ dependency }) => dependency)).toEqual(hasRedis ? ["upstream", "postgres", "redis"] : ["upstream", "postgres"]);
    for (const { phases, dependency } of outages) {
      expect(phases.map(({ name }) => name)).toEqual(["before", "gone", "back"]);
      const refused = Object.keys(phases[1]?.refused.order ?? {});
      if (dependency !== "redis") expect(refused).toContain("ERR_BREAKER_OPEN");
    }
    expect(leftovers()).toEqual([]);
  }, 90_000);

  it("restarts every process in turn without a failed request or a lost message, and leaves nothing behind", async () => {
    const sizes = ["--processes", "2", "--connections", "5", "--senders", "5", "--settle-ms", "300"];
    const { code, stdout, stderr } = await demo("rolling-restart", ...sizes, "--json");
    const { claims, restarts, http, messages } = JSON.parse(stdout) as RollingRestartReport;
    expect(claims.filter(({ isKept }) => !isKept)).toEqual([]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(restarts.map(({ process, exit }) => [process, exit.code])).toEqual([["service-1", 0], ["service-2", 0]]);
    expect([http.requests > 0, messages.acknowledged > 0, messages.lost]).toEqual([true, true, 0]);
    expect(leftovers()).toEqual([]);
  }, 60_000);

  it.each([["--requests", "100000"], ["--real", "--requests", "20000"], ["outages", "--phase-ms", "5000"]])("stops everything on Ctrl-C: %s %s", async (...args) => {
    const child = spawn(process.execPath, [main, ...args], { env: ownFolder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, "exit");
    // Long enough to be in the middle of things; any moment must do.
    setTimeout(() => child.kill("SIGINT"), 1_500);
    expect(await ended).toEqual([130, null]);
    expect(stderr).toContain("demo: interrupted");
    expect(leftovers()).toEqual([]);
  }, 60_000);
});
