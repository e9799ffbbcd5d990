import { exposedUnit } from "../definition.ts";
import type { ExposedFamily } from "./exposed.ts";
import type { Format } from "./format.ts";

type Definition = ExposedFamily<unknown>["definition"];

const suffixes: Readonly<Partial<Record<Definition["kind"], string>>> = { counter: "_total", info: "_info" };

const openMetricsTypes: Readonly<Record<Definition["kind"], string>> = {
  counter: "counter",
  "up-down counter": "gauge",
  gauge: "gauge",
  "observed gauge": "gauge",
  histogram: "histogram",
  info: "info",
  "state set": "stateset",
};

/**
 * The name in the metadata. In OpenMetrics a family has its plain name, and the samples of a counter or an info have a
 * suffix; in text 0.0.4 both have the same name.
 */
function familyName({ exposedName, definition }: ExposedFamily<unknown>, format: Format): string {
  const suffix = suffixes[definition.kind];
  return format === "openmetrics" && suffix !== undefined ? exposedName.slice(0, -suffix.length) : exposedName;
}

/** The lines before a family's samples. promtool wants a help text on everything, so the name stands in for it. */
export function headOf(family: ExposedFamily<unknown>, format: Format): string {
  const name = familyName(family, format);
  const { kind, description } = family.definition;
  const help = description === "" ? family.definition.name : description;
  if (format === "openmetrics") {
    return `# TYPE ${name} ${openMetricsTypes[kind]}\n${unitLine(name, family.definition)}# HELP ${name} ${escapeOpenHelp(help)}\n`;
  }
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${plainType(kind)}\n`;
}

// Text 0.0.4 knows neither of the two; Prometheus' own libraries write them as gauges.
function plainType(kind: Definition["kind"]): string {
  return kind === "info" || kind === "state set" ? "gauge" : openMetricsTypes[kind];
}

// A unit must be the name's suffix, and must not be given for infos and state sets.
function unitLine(name: string, definition: Definition): string {
  const unit = definition.kind === "info" || definition.kind === "state set" ? "" : exposedUnit(definition);
  return unit !== "" && name.endsWith(`_${unit}`) ? `# UNIT ${name} ${unit}\n` : "";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeOpenHelp(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
