import { labelsOf } from "../labels.ts";
import type { ExposedExemplar } from "./exposed.ts";
import { numeral } from "./numerals.ts";

/** OpenMetrics' limit for the names and values of an exemplar's labels together, in code points. */
const longest = 128;

/**
 * What stands behind a sample of OpenMetrics: ` # {trace_id="..."} 0.3 1700000000.123`, the time in seconds. Empty when
 * there is no exemplar, or one that the format does not allow: then the sample goes without, rather than the scrape.
 */
export function exemplarText(exemplar: ExposedExemplar | undefined): string {
  if (exemplar === undefined) return "";
  const labels = labelText(exemplar.labels);
  if (labels === undefined) return "";
  const time = Number.isFinite(exemplar.atMs) ? ` ${numeral(exemplar.atMs / 1000)}` : "";
  return ` # {${labels}} ${numeral(exemplar.value)}${time}`;
}

function labelText(given: Readonly<Record<string, string>>): string | undefined {
  try {
    const { text } = labelsOf(given);
    return lengthOf(text) <= longest ? text : undefined;
  } catch {
    return undefined; // no label set at all
  }
}

// Each `name="value"` has three characters that do not count, and a comma before the next one. An escape counts as one.
function lengthOf(text: string): number {
  const plain = text.replace(/\\./g, "_").replace(/="([^"]*)"(?:,|$)/g, "$1");
  return Array.from(plain).length;
}
