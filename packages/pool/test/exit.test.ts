import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "breakwater-exit-"));

beforeAll(() =>
  build({
    stdin: { contents: 'export { Pool } from "@breakwater/pool";', resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    outfile: join(folder, "pool.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: process.env.BREAKWATER_BUILT === "1" ? [] : ["@breakwater/source"],
  }));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program prints, and that it ends by itself: long before any of its timers would be due. */
function run(program: string): string {
  const file = join(folder, "program.mjs");
  writeFileSync(file, `import { Pool } from "./pool.mjs";\n${program}`);
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 20_000 });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
  return stdout.trim();
}

it("housekeeping does not hold the process: idle sweeps, keepalive, lifetimes, leak reports, a refill in its pause", () => {
  const idle = run(`
    const pool = new Pool({ create: () => ({}), validate: () => true, idleTimeoutMs: 600_000, keepaliveMs: 600_000, maxLifetimeMs: 600_000, leakAfterMs: 600_000 });
    const [one, two] = [await pool.acquire(), await pool.acquire()];
    one.release(); // two is never given back
    console.log(pool.stats.idle, pool.stats.busy);
  `);
  expect(idle).toBe("1 1");
  const refilling = run(`
    const pool = new Pool({ create: () => { throw new Error("down"); }, min: 1, retryMinMs: 600_000, retryMaxMs: 600_000 });
    await pool.start().catch((error) => console.log(error.message));
  `);
  expect(refilling).toBe("down");
});

it("a pending acquire does, until its deadline answers it, also beside housekeeping", () => {
  const output = run(`
    const pool = new Pool({ create: () => ({}), max: 2, idleTimeoutMs: 600_000 });
    const [one, two] = [await pool.acquire(), await pool.acquire()];
    one.release();
    const three = await pool.acquire();
    pool.acquire({ timeoutMs: 100 }).catch((error) => console.log(error.code));
  `);
  expect(output).toBe("ERR_POOL_TIMEOUT");
});

it("a close that waits for a borrower does, until the grace is over", () => {
  const output = run(`
    const pool = new Pool({ create: () => ({}) });
    await pool.acquire();
    pool.close({ graceMs: 100 }).then((report) => console.log(report.revoked));
  `);
  expect(output).toBe("1");
});
