import type { Attributes } from "@breakwater/core";

/** The identity of one series within its instrument. */
export interface Labels {
  /**
   * As Prometheus writes them, sorted and escaped: `code="200",method="GET"`. The text is the identity, so what would
   * be the same series in Prometheus is the same series here.
   */
  readonly text: string;
  /** As given, values as text, the empty ones left out. */
  readonly attributes: Readonly<Record<string, string>>;
}

const longestValue = 1024;
// Prometheus' own. One sample that has it fails the scrape of all the others.
const metricName = "__name__";

/** @throws TypeError or RangeError naming the attribute that cannot be a label. */
export function labelsOf(attributes: Attributes = {}): Labels {
  // Entries and fromEntries treat `__proto__` as any other key; reading and assigning properties would not.
  const entries = Object.entries(attributes)
    .map(([key, value]): [string, string] => [key, valueText(key, value)])
    .filter(([, value]) => value !== "");
  const texts = new Map<string, string>();
  for (const [key, value] of entries) {
    const label = labelName(key);
    if (label === metricName) {
      throw new RangeError(`attributes: ${JSON.stringify(key)} is the label "${metricName}", which is the name of the metric itself`);
    }
    if (texts.has(label)) throw new RangeError(`attributes: two keys are the label ${JSON.stringify(label)}`);
    texts.set(label, `${label}="${escapeValue(value)}"`);
  }
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { text: sorted.map(([, text]) => text).join(","), attributes: Object.fromEntries(entries) };
}

/** Whether a label of this name is among them. */
export function hasLabel(labels: Labels, name: string): boolean {
  return Object.keys(labels.attributes).some((key) => labelName(key) === name);
}

function valueText(key: string, value: unknown): string {
  const isAllowed = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (!isAllowed) throw new TypeError(`attributes[${JSON.stringify(key)}] must be text, number or boolean, got ${typeof value}`);
  // Half a surrogate pair has no UTF-8; two different halves would become one label in transit.
  const text = String(value).replace(/\p{Surrogate}/gu, "\u{FFFD}");
  if (text.length <= longestValue) return text;
  throw new RangeError(`attributes[${JSON.stringify(key)}] must have at most ${longestValue} characters, got ${text.length}`);
}

/** The name that Prometheus has for this key. */
export function labelName(key: string): string {
  if (key === "") throw new RangeError("attributes: a key must not be empty");
  return key.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");
}

/** Both text formats escape these three in a label's value. */
export function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
