import { systemClock, type Clock } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expose, Metrics, renderText, type Exposable, type ExposeOptions, type Registry } from "@breakwater/metrics";
import { checkFamily, parsePrometheus } from "./parser.ts";

let metrics: Metrics;
beforeEach(() => void (metrics = new Metrics({ clock: new ManualClock() })));

function fill(series: number): void {
  for (let n = 0; n < series; n++) {
    metrics.counter("requests", { attributes: { n } }).add(n);
    metrics.histogram("wait", { attributes: { n } }).record(n);
  }
}

/** A clock on which each look takes a millisecond, so that work takes time without any passing. */
function busyClock(): Clock {
  let now = 0;
  return { now: () => (now += 1), setTimer: (callback, delayMs) => systemClock.setTimer(callback, delayMs) };
}

async function chunksOf(source: Exposable, options?: ExposeOptions): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of expose(source, options)) chunks.push(chunk);
  return chunks;
}

/** How often the event loop came round while this ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

describe("text in chunks", () => {
  it("is the same text as in one go, in either format", async () => {
    fill(300);
    for (const format of ["prometheus", "openmetrics"] as const) {
      const chunks = await chunksOf(metrics, { format, chunkLength: 1000 });
      expect(chunks.join("")).toBe(renderText(metrics, format));
      expect(chunks.length).toBeGreaterThan(100);
    }
  });

  it("comes in chunks of at least the length, and no longer than by one series", async () => {
    fill(100);
    const chunks = await chunksOf(metrics, { chunkLength: 5000 });
    for (const chunk of chunks.slice(0, -1)) {
      expect(chunk.length).toBeGreaterThanOrEqual(5000);
      expect(chunk.length).toBeLessThan(7000);
      expect(chunk.endsWith("\n")).toBe(true);
    }
  });

  it("ends with EOF in OpenMetrics, and gives no chunk at all for nothing in text 0.0.4", async () => {
    expect(await chunksOf(metrics, { format: "openmetrics" })).toEqual(["# EOF\n"]);
    expect(await chunksOf(metrics)).toEqual([]);
  });

  it("lets the event loop run whenever the work has taken its slice, even if nothing is written", async () => {
    for (let n = 0; n < 1600; n++) metrics.settableGauge("unset", { attributes: { n } });
    const turns = await turnsDuring(() => chunksOf(metrics, { clock: busyClock(), sliceMs: 5 }));
    expect(turns).toBeGreaterThanOrEqual(1600 / 16 / 5 - 1);
  });

  it("takes one family after the other, so that thousands of them do not hold the loop up before the first byte", async () => {
    const asked = vi.fn();
    const family = (n: number) => ({
      get definition() {
        asked(n);
        return { kind: "gauge", name: `g${n}`, unit: "", description: "", bounds: undefined } as const;
      },
      exposedName: `g${n}`,
      series: () => [{ labels: { text: "" }, instrument: { value: n } }],
    });
    const many: Registry = { collection: () => ({ scalars: [3, 1, 2].map(family), histograms: [], infos: [], stateSets: [] }) };
    const text = expose(many, { chunkLength: 1 });
    expect((await text.next()).value).toBe("# HELP g1 g1\n# TYPE g1 gauge\ng1 1\n");
    expect(new Set(asked.mock.calls.flat())).toEqual(new Set([1]));
    await text.return();
    for (let n = 0; n < 1600; n++) metrics.counter(`c${n}`);
    const turns = await turnsDuring(() => chunksOf(metrics, { clock: busyClock(), sliceMs: 5 }));
    expect(turns).toBeGreaterThanOrEqual((2 * 1600) / 16 / 5 - 1); // once to sort them, once to write them
  });

  it("counts what the reader does with a chunk in the same turn as part of the slice", async () => {
    fill(100);
    const clock = new ManualClock();
    let chunks = 0;
    const turns = await turnsDuring(async () => {
      for await (const chunk of expose(metrics, { clock, sliceMs: 5, chunkLength: 1000 })) {
        chunks += Math.sign(chunk.length);
        clock.advance(5);
      }
    });
    expect(chunks).toBeGreaterThan(20);
    expect(turns).toBeGreaterThanOrEqual(chunks - 1);
  });

  it("does not give the loop a turn when the work is short, or the slice is Infinity", async () => {
    fill(5);
    expect(await turnsDuring(() => chunksOf(metrics, { clock: new ManualClock() }))).toBe(0);
    fill(500);
    expect(await turnsDuring(() => chunksOf(metrics, { clock: busyClock(), sliceMs: Infinity }))).toBe(0);
  });

  it("writes a series' buckets, count and sum of one moment, although records come in between", async () => {
    fill(50);
    let text = "";
    for await (const chunk of expose(metrics, { chunkLength: 1 })) {
      text += chunk;
      for (let n = 0; n < 50; n++) metrics.histogram("wait", { attributes: { n } }).record(1000);
    }
    parsePrometheus(text).forEach(checkFamily);
    for (const [, n, sum, count] of text.matchAll(/wait_sum\{n="(\d+)"\} (\d+)\nwait_count\{n="\1"\} (\d+)\n/g)) {
      expect(Number(sum)).toBe(Number(n) + (Number(count) - 1) * 1000);
    }
  });

  it("writes each series once although it is removed and made again in between", async () => {
    const read = (): number => 1;
    let stops = Array.from({ length: 100 }, (_, n) => metrics.gauge("g", read, { attributes: { n } }));
    let text = "";
    for await (const chunk of expose(metrics, { chunkLength: 1 })) {
      text += chunk;
      stops.forEach((stop) => stop());
      stops = stops.map((_, n) => metrics.gauge("g", read, { attributes: { n } }));
    }
    parsePrometheus(text).forEach(checkFamily);
  });

  it("does not show a gauge as 0 that stopped before it was its turn", async () => {
    const stops = [1, 2].map((n) => metrics.gauge("g", () => 5, { attributes: { n } }));
    let text = "";
    for await (const chunk of expose(metrics, { chunkLength: 1 })) {
      text += chunk;
      stops[1]?.();
    }
    expect(text).toBe('# HELP g g\n# TYPE g gauge\ng{n="1"} 5\n');
  });

  it("does no work before it is read, and none after its reader left", async () => {
    const read = vi.fn(() => 1);
    for (let n = 0; n < 10; n++) metrics.gauge("g", read, { attributes: { n } });
    const text = expose(metrics, { chunkLength: 1 });
    expect(read).not.toHaveBeenCalled();
    await text.next();
    await text.return();
    expect(read).toHaveBeenCalledTimes(1);
    expect(await text.next()).toEqual({ value: undefined, done: true });
  });

  it("fails its reader when something throws midway, instead of ending", async () => {
    const broken: Registry = { collection: () => ({ scalars: [], histograms: [], infos: [], stateSets: [{ ...stateSet, series: brokenSeries }] }) };
    const chunks: string[] = [];
    const reading = (async () => {
      for await (const chunk of expose(broken, { format: "openmetrics", chunkLength: 1 })) chunks.push(chunk);
    })();
    await expect(reading).rejects.toThrow("states are gone");
    expect(chunks).toEqual(['# TYPE s stateset\n# HELP s S.\ns{s="on"} 1\n']);
  });

  it("checks its options when it is called", () => {
    // @ts-expect-error there is no such format
    expect(() => expose(metrics, { format: "json" })).toThrow('format must be "prometheus" or "openmetrics", got "json"');
    // @ts-expect-error there is no such format
    expect(() => renderText(metrics, "__proto__")).toThrow(RangeError);
    expect(() => expose(metrics, { chunkLength: 0 })).toThrow("chunkLength must be a number from 1 to Infinity, got 0");
    expect(() => expose(metrics, { sliceMs: -1 })).toThrow("sliceMs must be a number from 0 to Infinity, got -1");
    // @ts-expect-error nothing to write
    expect(() => renderText(undefined)).toThrow("metrics must be a registry or a snapshot, got undefined");
  });
});

const stateSet = {
  definition: { kind: "state set", name: "s", unit: "", description: "S.", bounds: undefined },
  exposedName: "s",
} as const;
const goneStates = (): never => {
  throw new Error("states are gone");
};
const brokenSeries = () => [
  { labels: { text: "" }, instrument: { states: () => new Map([["on", true]]) } },
  { labels: { text: 'a="1"' }, instrument: { states: goneStates } },
];
