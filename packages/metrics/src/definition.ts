import type { InstrumentOptions } from "@breakwater/core";
import type { Bounds } from "./bounds.ts";
import { InstrumentConflictError } from "./errors.ts";

export type Kind = "counter" | "gauge" | "observed gauge" | "histogram";

/** What all series of one instrument share. */
export interface Definition {
  readonly kind: Kind;
  readonly name: string;
  /** UCUM; empty when it was not given. */
  readonly unit: string;
  readonly description: string;
  /** Of a histogram. */
  readonly bounds: Bounds | undefined;
}

const legalName = /^[A-Za-z][A-Za-z0-9_.\-/]{0,254}$/;

/** @throws TypeError or RangeError naming what is wrong. */
export function define(kind: Kind, name: unknown, options: InstrumentOptions, bounds?: Bounds): Definition {
  const { unit = "", description = "" } = options;
  checkText("name", name);
  checkText("unit", unit);
  checkText("description", description);
  if (!legalName.test(name)) {
    throw new RangeError(
      `name must be 1 to 255 letters, digits, "_", ".", "-" or "/", the first a letter, got ${JSON.stringify(name)}`,
    );
  }
  return { kind, name, unit, description, bounds };
}

function checkText(option: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`${option} must be a string, got ${typeof value}`);
}

export function describe({ kind, name, unit, bounds }: Definition): string {
  const buckets = bounds === undefined ? "" : ` and buckets [${bounds.values.slice(0, -1).join(", ")}]`;
  return `${kind} ${JSON.stringify(name)} with ${unit === "" ? "no unit" : `unit ${JSON.stringify(unit)}`}${buckets}`;
}

// Every other unit stands as written; a count of things, `{call}`, is no part of a name.
const unitWords: ReadonlyMap<string, string> = new Map([
  ["s", "seconds"],
  ["ms", "milliseconds"],
  ["us", "microseconds"],
  ["ns", "nanoseconds"],
  ["min", "minutes"],
  ["h", "hours"],
  ["d", "days"],
  ["By", "bytes"],
  ["KiBy", "kibibytes"],
  ["MiBy", "mebibytes"],
  ["kBy", "kilobytes"],
  ["MBy", "megabytes"],
  ["Cel", "celsius"],
  ["Hz", "hertz"],
  ["%", "percent"],
]);

/** The name in Prometheus: underscores, the unit behind it, and `_total` behind that for a counter. */
export function exposedName({ kind, name, unit }: Definition): string {
  const total = kind === "counter" ? "_total" : "";
  const word = kind.endsWith("gauge") && unit === "1" ? "ratio" : unitWord(unit);
  let exposed = underscored(name);
  if (total !== "" && exposed.endsWith(total)) exposed = exposed.slice(0, -total.length);
  const hasUnit = word === "" || exposed === word || exposed.endsWith(`_${word}`);
  return exposed + (hasUnit ? "" : `_${word}`) + total;
}

function unitWord(unit: string): string {
  if (unit === "1") return "";
  const [amount = "", per = ""] = unit.replace(/\{[^}]*\}/g, "").split("/", 2);
  const rate = per === "" ? "" : `per_${wordOf(per).replace(/s$/, "")}`;
  return [wordOf(amount), rate].filter((word) => word !== "").join("_");
}

function wordOf(unit: string): string {
  return unitWords.get(unit) ?? underscored(unit);
}

function underscored(text: string): string {
  return text.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
}

/**
 * Which names are taken: the instrument's own, in the spelling that `a.b` and `a_b` share, and those of its samples in
 * Prometheus. Without this a gauge `x_count` would write into the histogram `x`.
 */
export class Names {
  readonly #owners = new Map<string, Definition>();

  /** @throws InstrumentConflictError naming both definitions. */
  claim(definition: Definition): void {
    const names = [`instrument ${underscored(definition.name)}`, ...sampleNames(definition)];
    for (const name of names) {
      const owner = this.#owners.get(name);
      if (owner !== undefined) throw new InstrumentConflictError(describe(owner), describe(definition));
    }
    for (const name of names) this.#owners.set(name, definition);
  }
}

function sampleNames(definition: Definition): string[] {
  const name = exposedName(definition);
  return definition.kind === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}
