import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { HostileReport } from "../src/hostile/run-hostile.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
// A folder of its own: other tests build the demo too, and at the same time.
const folder = fileURLToPath(new URL("../node_modules/.cache/hostile-test", import.meta.url));
const main = `${folder}/main.js`;
const run = promisify(execFile);

beforeAll(async () => {
  const tsup = fileURLToPath(new URL("../node_modules/tsup/dist/cli-default.js", import.meta.url));
  await run(process.execPath, [tsup, "--silent", "--config", "apps/demo/tsup.config.ts", "--out-dir", folder], { cwd: root });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("hostile traffic", () => {
  it("is answered as it should be, costs no normal request its answer, and leaves nothing behind", async () => {
    // A machine that has other things to do may be slow; nobody is told so here.
    const args = ["hostile", "--seconds", "2", "--keys", "100000", "--rate", "100", "--deadline-ms", "20000", "--json"];
    const { stdout, stderr } = await run(process.execPath, [main, ...args], { maxBuffer: 2 ** 24 });
    expect(stderr).toBe("");
    const report = JSON.parse(stdout) as HostileReport;
    expect(report.claims.filter(({ isKept }) => !isKept)).toEqual([]);
    expect(report.attacks.map(({ attack }) => attack)).toEqual(["slowloris", "headers", "garbage", "half-closed", "flood", "keys"]);
    for (const { traffic } of report.attacks) expect([traffic.inTime, traffic.missed]).toEqual([traffic.sent, {}]);
    const told = Object.fromEntries(report.attacks.map((attack) => [attack.attack, attack.told]));
    expect(told.keys?.keys).toEqual({ taken: 100_000 });
    expect(Object.keys(told.headers?.["one field of 10 MB"] ?? {})).toContain("431");
    expect(Object.keys(told.flood?.["a frame of 10 MB"] ?? {})).toContain("1009");
  }, 120_000);

  it("stops server and attackers on Ctrl-C", async () => {
    const child = spawn(process.execPath, [main, "hostile", "--attack", "slowloris"], { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, "exit");
    onTestFinished(() => void child.kill("SIGKILL"));
    setTimeout(() => child.kill("SIGINT"), 2_000); // any moment must do
    expect(await ended).toEqual([130, null]);
    expect(stderr).toContain("demo: interrupted");
    const { pid = 0 } = child;
    const isAnybodyLeft = (): boolean => {
      try {
        return process.kill(-pid, 0);
      } catch {
        return false;
      }
    };
    while (isAnybodyLeft()) await sleep(10); // until the test's own time is over
  }, 30_000);

  it("knows no other attacks", async () => {
    const ended = run(process.execPath, [main, "hostile", "--attack", "kindness"]);
    await expect(ended).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("--attack must be one of slowloris, headers, ") as string });
  });
});
