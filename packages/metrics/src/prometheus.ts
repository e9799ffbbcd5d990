import type { Family, Series } from "./family.ts";
import type { HistogramSeries } from "./histogram.ts";
import type { Collection, Scalar } from "./snapshot.ts";

/** The Content-Type of {@link Metrics.prometheus}. Prometheus 3 fails a scrape that has none. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus' text format 0.0.4: per metric HELP, TYPE, then all samples together; metrics sorted by name.
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderPrometheus({ scalars, histograms }: Collection): string {
  const blocks = [
    ...scalars.map((family) => block(family, family.definition.kind === "counter" ? "counter" : "gauge", scalarLines)),
    ...histograms.map((family) => block(family, "histogram", histogramLines)),
  ];
  return blocks
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text)
    .join("");
}

function block<Instrument>(
  family: Family<Instrument>,
  type: string,
  linesOf: (family: Family<Instrument>, series: Series<Instrument>) => string,
): { readonly name: string; readonly text: string } {
  const { exposedName: name, definition } = family;
  let samples = "";
  for (const series of family.series()) samples += linesOf(family, series);
  // promtool wants a help text on everything.
  const help = definition.description === "" ? definition.name : definition.description;
  const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  return { name, text: samples === "" ? "" : head + samples };
}

function scalarLines({ exposedName: name }: Family<Scalar>, { labels, instrument }: Series<Scalar>): string {
  const { value } = instrument;
  return value === undefined ? "" : sample(name, labels.text, value);
}

function histogramLines(family: Family<HistogramSeries>, { labels, instrument }: Series<HistogramSeries>): string {
  const name = family.exposedName;
  const { cumulative, sum } = instrument.classic();
  const before = `${name}_bucket{${labels.text === "" ? "" : `${labels.text},`}le="`;
  const bounds = numerals(family);
  let lines = "";
  for (let index = 0; index < bounds.length; index++) {
    lines += `${before}${bounds[index] ?? ""}"} ${cumulative[index] ?? 0}\n`;
  }
  return lines + sample(`${name}_sum`, labels.text, sum) + sample(`${name}_count`, labels.text, cumulative.at(-1) ?? 0);
}

const boundNumerals = new WeakMap<object, readonly string[]>();

// Writing a fraction costs more than the rest of its line, and every series of a family has the same bounds.
function numerals({ definition }: Family<HistogramSeries>): readonly string[] {
  let texts = boundNumerals.get(definition);
  if (texts === undefined) boundNumerals.set(definition, (texts = Array.from(definition.bounds?.values ?? [], numeral)));
  return texts;
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${numeral(value)}\n`;
}

// Go reads what JavaScript writes, but for the infinities.
function numeral(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
