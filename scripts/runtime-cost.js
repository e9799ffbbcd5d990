// What watching a process costs, as a share of one core: each case in a process of its own, in turn, five times; medians.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, root } from "./bundle.js";

const rounds = 5;
const seconds = 4;
const cases = [
  ["watch", "watchRuntime, nobody looks"],
  ["timer", "a timer of 50 ms, nothing else"],
  ["watch, timer", "watchRuntime beside that timer"],
  ["watch, scrape", "watchRuntime, Prometheus' text every 50 ms"],
  ["prom-client, scrape", "prom-client's default metrics, text every 50 ms"],
];

const folder = mkdtempSync(join(tmpdir(), "breakwater-cost-"));
try {
  await bundle(folder, { idler: join(root, "scripts/runtime-cost/idler.js") });
  const shares = cases.map(() => []);
  for (let round = 0; round < rounds; round++) {
    cases.forEach(([mode], index) => {
      const args = [join(folder, "idler.mjs"), mode, String(seconds), join(root, "packages/metrics/package.json")];
      shares[index].push(Number(execFileSync(process.execPath, args, { encoding: "utf8" })));
    });
  }
  cases.forEach(([, name], index) => {
    const median = shares[index].sort((a, b) => a - b)[Math.floor(rounds / 2)];
    console.log(`${name.padEnd(50)} ${(median * 100).toFixed(2).padStart(5)} %`);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
