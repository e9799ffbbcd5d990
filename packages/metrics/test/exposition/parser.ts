import { expect } from "vitest";

/** Parsers that are strict where Prometheus is lenient: they take what the formats' documents allow, and no more. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly exemplar?: Exemplar;
}
export interface Exemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly atSeconds: number;
}
export interface ParsedFamily {
  readonly help: string;
  readonly type: string;
  readonly unit: string;
  readonly samples: Sample[];
}

export const goFloat = (text: string): number => (text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text));
const unescape = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));

function number(text: string): number {
  const isNumber = /^([+-]Inf|NaN|[+-]?\d+(\.\d*)?([eE][+-]?\d+)?)$/.test(text);
  if (!isNumber) throw new Error(`not a number: ${text}`);
  return goFloat(text);
}

export function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== "") {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest);
    if (match === null) throw new Error(`no label at ${rest}`);
    const [whole, key = "", value = ""] = match;
    if (labels.has(key)) throw new Error(`label ${key} stands twice`);
    labels.set(key, unescape(value));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function linesOf(text: string): string[] {
  if (!text.endsWith("\n")) throw new Error("the last line is not ended");
  return text.slice(0, -1).split("\n");
}

/** Text 0.0.4: HELP, TYPE, samples, each family in one group, nothing else. */
export function parsePrometheus(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  if (text === "") return families;
  const lines = linesOf(text);
  let current: { name: string; family: ParsedFamily } | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const help = /^# HELP (\S+) (.+)$/s.exec(line);
    if (help !== null) {
      const [, name = "", words = ""] = help;
      const type = new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`).exec(lines[++at] ?? "")?.[1];
      if (type === undefined || families.has(name)) throw new Error(`bad metadata of ${name}`);
      current = { name, family: { help: unescape(words), type, unit: "", samples: [] } };
      families.set(name, current.family);
      continue;
    }
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    if (match === null || current === undefined) throw new Error(`not a sample: ${line}`);
    const [, name = "", labels = "", value = ""] = match;
    const suffixes = current.family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    if (!suffixes.some((suffix) => name === `${current?.name ?? ""}${suffix}`)) throw new Error(`${name} is out of its group`);
    current.family.samples.push({ name, labels: parseLabels(labels), value: number(value) });
  }
  return families;
}

const suffixesOf: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  info: ["_info"],
  stateset: [""],
};

/** OpenMetrics 1.0.0: TYPE, UNIT, HELP in that order, then samples, at last EOF. */
export function parseOpenMetrics(text: string): Map<string, ParsedFamily> {
  const lines = linesOf(text);
  if (lines.pop() !== "# EOF") throw new Error("EOF is not the last line");
  const families = new Map<string, ParsedFamily>();
  let current: { name: string; family: ParsedFamily } | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const typed = /^# TYPE (\S+) (counter|gauge|histogram|info|stateset)$/.exec(line);
    if (typed !== null) {
      const [, name = "", type = ""] = typed;
      const unit = new RegExp(`^# UNIT ${name} (\\S+)$`).exec(lines[at + 1] ?? "")?.[1] ?? "";
      if (unit !== "") at += 1;
      if (unit !== "" && (!name.endsWith(`_${unit}`) || type === "info" || type === "stateset")) throw new Error(`bad unit of ${name}`);
      const help = new RegExp(`^# HELP ${name} ((?:[^"\\\\]|\\\\[\\\\"n])+)$`).exec(lines[++at] ?? "")?.[1];
      if (help === undefined || families.has(name)) throw new Error(`bad metadata of ${name}`);
      if (type === "counter" && name.endsWith("_total")) throw new Error(`${name} has its suffix in the family's name`);
      current = { name, family: { type, unit, help: unescape(help), samples: [] } };
      families.set(name, current.family);
      continue;
    }
    if (current === undefined) throw new Error(`a sample without metadata: ${line}`);
    current.family.samples.push(openSample(line, current.name, current.family.type));
  }
  families.forEach(checkOpenFamily);
  return families;
}

function openSample(line: string, family: string, type: string): Sample {
  const labelSet = String.raw`\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\}`;
  const match = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:${labelSet})? (\\S+)(?: # ${labelSet} (\\S+) (\\S+))?$`).exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = "", labels = "", value = "", exemplarLabels, exemplarValue = "", seconds = ""] = match;
  if (!(suffixesOf[type] ?? []).some((suffix) => name === family + suffix)) throw new Error(`${name} is out of its group`);
  const sample = { name, labels: parseLabels(labels), value: number(value) };
  if (exemplarLabels === undefined) return sample;
  if (!/_(bucket|total)$/.test(name)) throw new Error(`an exemplar on ${name}`);
  const exemplar = { labels: parseLabels(exemplarLabels), value: number(exemplarValue), atSeconds: number(seconds) };
  if (Array.from([...exemplar.labels].flat().join("")).length > 128) throw new Error(`too long an exemplar on ${name}`);
  return { ...sample, exemplar };
}

function checkOpenFamily({ type, samples }: ParsedFamily, name: string): void {
  for (const { value, labels } of samples) {
    if (type === "counter" && !(value >= 0 && value < Infinity)) throw new Error(`${name} counts ${value}`);
    if (type === "info" && value !== 1) throw new Error(`${name} is ${value}`);
    if (type === "stateset" && !(labels.has(name) && (value === 0 || value === 1))) throw new Error(`${name} is no state`);
  }
}

const keyOf = ({ name, labels }: Sample): string => JSON.stringify([name, [...labels].sort()]);

/** What holds in both formats: unique series, and buckets in order, that end with the count. */
export function checkFamily(family: ParsedFamily): void {
  expect(new Set(family.samples.map(keyOf)).size).toBe(family.samples.length);
  if (family.type !== "histogram") return;
  const groups = new Map<string, Sample[]>();
  for (const sample of family.samples) {
    const key = JSON.stringify([...sample.labels].filter(([label]) => label !== "le").sort());
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const samples of groups.values()) {
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => goFloat(labels.get("le") ?? ""));
    const counts = buckets.map(({ value }) => value);
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(bounds.at(-1)).toBe(Infinity);
    expect(samples.filter(({ name }) => name.endsWith("_count")).map(({ value }) => value)).toEqual([counts.at(-1)]);
    expect(samples.filter(({ name }) => name.endsWith("_sum"))).toHaveLength(1);
  }
}
