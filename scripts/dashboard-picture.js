// Draws docs/dashboard.svg from a real run: a service under load writes /metrics, a Prometheus scrapes it, the external
// API browns out in the middle, and each panel is what Prometheus answers to the queries of the generated dashboard.
// Takes a minute. Wants `prometheus` on the PATH (apt-get install prometheus).
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { bundle, root } from "./bundle.js";
import { drawPanels } from "./dashboard-picture/draw.js";
import { startPrometheus } from "./dashboard-picture/prometheus.js";

const scrapeMs = 500;
const window = "3s";
/** Before the picture begins, during it, and what of it is the brown-out; in seconds. */
const warmUp = 4;
const end = 45;
const shaded = { from: 10, to: 20 };
const titles = [
  "Requests", "Errors", "Latency with queueing", "Health status",
  "Permits in use", "Callers in line", "Refusals", "Pooled connections",
  "Breaker state", "Calls through breakers", "What retries came to", "Calls out of time",
  "Event-loop utilization", "Event-loop delay", "Memory", "Processor",
];

async function play(folder, shown) {
  const load = fork(join(folder, "load.mjs"));
  let prometheus;
  try {
    const [{ port }] = await once(load, "message");
    prometheus = await startPrometheus(folder, port, scrapeMs);
    await sleep(warmUp * 1000);
    const startedAt = Date.now() / 1000;
    await sleep(shaded.from * 1000);
    load.send("brown out");
    await sleep((shaded.to - shaded.from) * 1000);
    load.send("well again");
    await sleep((end - shaded.to) * 1000);
    return await Promise.all(shown.map((panel) => readPanel(prometheus, panel, startedAt)));
  } finally {
    load.kill();
    await prometheus?.stop();
  }
}

async function readPanel(prometheus, { title, targets, fieldConfig }, startedAt) {
  const answers = await Promise.all(
    targets.map(async ({ expr, legendFormat }) => {
      const ranges = await prometheus.query(expr.replaceAll("$__rate_interval", window), startedAt, startedAt + end, scrapeMs / 1000);
      return ranges.map(({ metric, values }) => ({
        name: legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? "").trim(),
        points: values.map(([at, value]) => [at - startedAt, Number(value)]),
      }));
    }),
  );
  // What was never anything but zero says nothing; where nothing was, it does.
  const all = answers.flat();
  const mappings = fieldConfig.defaults.mappings?.[0].options;
  const some = mappings === undefined ? all.filter(({ points }) => points.some(([, value]) => value > 0)) : all;
  const series = some.length > 0 ? some : all;
  if (series.length === 0) throw new Error(`nothing to show in ${title}`);
  return { title, unit: fieldConfig.defaults.unit, mappings, series };
}

const folder = mkdtempSync(join(tmpdir(), "breakwater-dashboard-"));
try {
  await bundle(folder, {
    load: join(root, "scripts/dashboard-picture/load.js"),
    dashboard: join(root, "packages/metrics/src/dashboard.ts"),
  });
  const { grafanaDashboard } = await import(pathToFileURL(join(folder, "dashboard.mjs")).href);
  const { panels } = grafanaDashboard({ service: "shop", labels: { job: "shop" } });
  const shown = titles.map((title) => panels.find((panel) => panel.title === title) ?? fail(title));
  const caption = "A service at 250 requests per second. In the shaded seconds its external API takes five times as long, and half of its answers fail.";
  const svg = drawPanels(await play(folder, shown), { end, shaded, caption });
  writeFileSync(join(root, "docs/dashboard.svg"), svg);
  console.log(`docs/dashboard.svg: ${shown.length} panels, ${Math.ceil(svg.length / 1024)} KB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function fail(title) {
  throw new Error(`the dashboard has no panel ${title}`);
}
