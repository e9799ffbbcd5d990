import { escapeValue } from "../labels.ts";
import { exemplarText } from "./exemplar.ts";
import type { BucketsReading, Exposed, ExposedFamily, ScalarReading, StatesReading } from "./exposed.ts";
import type { Format } from "./format.ts";
import { headOf } from "./metadata.ts";
import { canonicalNumeral, numeral } from "./numerals.ts";

/**
 * From instruments to lines, in either format.
 *
 * A series is read and written in one go, so its buckets, count and sum belong together whatever is recorded while others
 * are written; nothing here changes an instrument. What never changes is written once: labels when a series is made,
 * bounds when a family is first rendered. The rest of a line is a name and a number.
 *
 * There are no `_created` lines. Unless told otherwise Prometheus takes each for a series of its own, which doubles what it
 * stores of a counter, and resets are seen without them, as a value that fell.
 * Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
type LinesOf<Reading> = (labels: string, reading: Reading) => string;

/** One family, ready to be written. */
export interface Block {
  /** What blocks are sorted by. */
  readonly name: string;
  /**
   * The text of each series, made when it is asked for; empty for one that has no value. The first that is not empty has the
   * metadata before it: a family without a sample is left out with its own.
   */
  texts(): Iterable<string>;
}

/** Everything there is, in no order. Next to nothing is done before it is asked for: there may be thousands. */
export function* blocksOf(exposed: Exposed, format: Format): Iterable<Block> {
  for (const family of exposed.scalars) yield blockOf(family, format, scalarLines);
  for (const family of exposed.histograms) yield blockOf(family, format, histogramLines);
  for (const family of exposed.infos) yield blockOf(family, format, infoLines);
  for (const family of exposed.stateSets) yield blockOf(family, format, stateSetLines);
}

type Writer<Reading> = (family: ExposedFamily<Reading>, format: Format) => LinesOf<Reading>;

function blockOf<Reading>(family: ExposedFamily<Reading>, format: Format, writer: Writer<Reading>): Block {
  return {
    name: family.exposedName,
    *texts() {
      const linesOf = writer(family, format);
      let before = headOf(family, format);
      for (const { labels, instrument } of family.series()) {
        const text = linesOf(labels.text, instrument);
        yield text === "" ? "" : before + text;
        if (text !== "") before = "";
      }
    },
  };
}

function scalarLines(family: ExposedFamily<ScalarReading>, format: Format): LinesOf<ScalarReading> {
  const name = family.exposedName;
  const hasExemplars = format === "openmetrics" && family.definition.kind === "counter";
  return (labels, reading) => {
    const { value } = reading;
    if (value === undefined) return "";
    const exemplar = hasExemplars ? exemplarText(reading.exemplar) : "";
    return `${name}${braced(labels)} ${numeral(value)}${exemplar}\n`;
  };
}

function histogramLines(family: ExposedFamily<BucketsReading>, format: Format): LinesOf<BucketsReading> {
  const name = family.exposedName;
  const bounds = boundTexts(family, format);
  return (labels, reading) => {
    const { cumulative, sum } = reading.classic();
    const before = `${name}_bucket{${labels === "" ? "" : `${labels},`}le="`;
    let text = "";
    for (let index = 0; index < bounds.length; index++) {
      const exemplar = format === "openmetrics" ? exemplarText(reading.exemplar?.(index)) : "";
      text += `${before}${bounds[index] ?? ""}"} ${cumulative[index] ?? 0}${exemplar}\n`;
    }
    const set = braced(labels);
    return `${text}${name}_sum${set} ${numeral(sum)}\n${name}_count${set} ${cumulative[bounds.length - 1] ?? 0}\n`;
  };
}

// Its data are its labels.
function infoLines(family: ExposedFamily<unknown>): LinesOf<unknown> {
  const name = family.exposedName;
  return (labels) => `${name}${braced(labels)} 1\n`;
}

// One sample for each state, its name in a label that has the family's name.
function stateSetLines(family: ExposedFamily<StatesReading>): LinesOf<StatesReading> {
  const name = family.exposedName;
  return (labels, reading) => {
    let text = "";
    for (const [state, isOn] of reading.states()) {
      text += `${name}{${labels === "" ? "" : `${labels},`}${name}="${escapeValue(state)}"} ${isOn ? 1 : 0}\n`;
    }
    return text;
  };
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

const plainBounds = new WeakMap<object, readonly string[]>();
const canonicalBounds = new WeakMap<object, readonly string[]>();

// Writing a fraction costs more than the rest of its line, and every series of a family has the same bounds.
function boundTexts({ definition }: ExposedFamily<BucketsReading>, format: Format): readonly string[] {
  const known = format === "openmetrics" ? canonicalBounds : plainBounds;
  let texts = known.get(definition);
  if (texts === undefined) {
    texts = Array.from(definition.bounds?.values ?? [], format === "openmetrics" ? canonicalNumeral : numeral);
    known.set(definition, texts);
  }
  return texts;
}
