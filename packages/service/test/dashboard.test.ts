import { Breaker } from "@breakwater/breaker";
import { noCall } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Deadline, Timeout } from "@breakwater/deadline";
import { Metrics } from "@breakwater/metrics";
import { alertRules, grafanaDashboard } from "@breakwater/metrics/dashboard";
import { watchRuntime } from "@breakwater/metrics/runtime";
import { Pool } from "@breakwater/pool";
import { Hedge, Retry } from "@breakwater/retry";
import { createService } from "@breakwater/service";
import { beforeAll, describe, expect, it } from "vitest";

/** What Prometheus would see: the names of samples, and the labels, with their values, that each has. */
const exposed = new Map<string, Map<string, Set<string>>>();
const helps = new Map<string, string>();

beforeAll(async () => {
  const clock = new ManualClock();
  const metrics = new Metrics({ clock });
  const name = "shop";
  const common = { name, clock, meter: metrics };
  // Each pattern binds its instruments when it is made; some only when something happens.
  const service = createService<string>({ name, clock, metrics, limiter: { limit: 1 } }).handle((input) => Promise.resolve(input));
  await service.start();
  await service.process("a", noCall);
  new Breaker(common);
  const pool = new Pool({ ...common, max: 1, create: () => 1 });
  new Retry(common);
  new Hedge({ ...common, delayMs: 10 });
  new Timeout({ ...common, timeoutMs: 10 });
  new Deadline({ ...common, timeoutMs: 10 });
  const runtime = watchRuntime(metrics, { clock });
  readSamples(metrics.prometheus());
  runtime.stop();
  await pool.close();
  await service.stop();
});

function readSamples(text: string): void {
  for (const [, metric = "", help = ""] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) helps.set(metric, help);
  for (const [, sample = "", labels = ""] of text.matchAll(/^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? \S+$/gm)) {
    // Those two are Prometheus' own.
    const known = exposed.get(sample) ?? new Map([["instance", new Set<string>()], ["job", new Set(["shop"])]]);
    for (const [, label = "", value = ""] of labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
      known.set(label, (known.get(label) ?? new Set<string>()).add(value));
    }
    exposed.set(sample, known);
  }
}

const withoutText = (expr: string): string => expr.replace(/"(?:[^"\\]|\\.)*"/g, '""');

/** The names of the samples that an expression asks for. */
function samplesOf(expr: string): string[] {
  const bare = withoutText(expr).replace(/\{[^}]*\}/g, "").replace(/\b(by|on|group_left) \([^)]*\)/g, "");
  return [...new Set(bare.match(/\b(breakwater|db|nodejs|v8js|process)[_:][\w:]+/g))];
}

/** The labels that it groups by. */
function groupedBy(expr: string): string[] {
  return [...withoutText(expr).matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", "));
}

/** What it wants of one label. */
interface Wanted {
  readonly sample: string;
  readonly label: string;
  readonly values: readonly string[];
}

function wantedBy(expr: string): Wanted[] {
  return [...expr.matchAll(/([\w:]+)\{([^}]*)\}/g)].flatMap(([, sample = "", list = ""]) =>
    [...list.matchAll(/(\w+)=~?"([^"]*)"/g)].map(([, label = "", values = ""]) => ({ sample, label, values: values.split("|") })),
  );
}

function check(expr: string, recorded: readonly string[] = []): void {
  const samples = samplesOf(expr).filter((sample) => !recorded.includes(sample));
  expect(samples.length + recorded.length, expr).toBeGreaterThan(0);
  for (const sample of samples) expect([...exposed.keys()], expr).toContain(sample);
  const labels = new Set(samples.flatMap((sample) => [...(exposed.get(sample)?.keys() ?? [])]));
  for (const label of groupedBy(expr)) expect([...labels], expr).toContain(label);
  for (const { sample, label, values } of wantedBy(expr).filter((wanted) => samples.includes(wanted.sample))) {
    for (const value of values) expect([...(exposed.get(sample)?.get(label) ?? [])], expr).toContain(value);
  }
}

describe("names cannot drift", () => {
  const { panels } = grafanaDashboard({ service: "shop", labels: { job: "shop" } });
  it.each(panels.filter(({ type }) => type !== "row").map((panel) => [panel.title, panel.targets ?? []] as const))(
    "every metric and label that the panel %s asks for is exposed",
    (_, targets) => targets.forEach(({ expr }) => check(expr)),
  );

  it("every state that a gauge explains has a name and a colour, and no other", () => {
    const timelines = panels.filter(({ type }) => type === "state-timeline");
    expect(timelines).toHaveLength(2);
    for (const { title, targets, fieldConfig } of timelines) {
      const { mappings } = (fieldConfig as { defaults: { mappings: { options: Record<string, { text: string }> }[] } }).defaults;
      const states = Object.entries(mappings[0]?.options ?? {}).map(([value, { text }]) => `${value} ${text}`);
      const [metric = ""] = samplesOf(targets?.[0]?.expr ?? "");
      expect(states.sort(), title).toEqual(helps.get(metric)?.split(", ").sort());
    }
  });

  interface Rule {
    readonly record?: string;
    readonly alert?: string;
    readonly expr: string;
  }
  const { groups } = JSON.parse(alertRules({ service: "shop" })) as { groups: readonly { rules: readonly Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  it.each(rules.map((rule) => [rule.alert ?? rule.record ?? "", rule.expr]))("every metric and label of the rule %s is exposed", (_, expr) =>
    check(expr, rules.flatMap(({ record }) => record ?? [])));

  it("the check itself sees a name, a label or a value that is not there", () => {
    expect(() => check("sum(rate(breakwater_breaker_kalls_total[5m]))")).toThrow();
    expect(() => check("sum by (nom) (breakwater_breaker_state)")).toThrow();
    expect(() => check('sum(breakwater_limiter_rejections_total{reason="queue_full"})')).toThrow();
  });
});
