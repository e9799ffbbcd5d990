import type { InstrumentOptions } from "@breakwater/core";
import type { Bounds } from "./bounds.ts";

export type Kind = "counter" | "up-down counter" | "gauge" | "observed gauge" | "histogram" | "info" | "state set";

/** What all series of one instrument share. */
export interface Definition {
  readonly kind: Kind;
  readonly name: string;
  /** UCUM; empty when it was not given. */
  readonly unit: string;
  readonly description: string;
  /** Of a histogram. */
  readonly bounds: Bounds | undefined;
  /** Of a state set. */
  readonly states?: readonly string[] | undefined;
}

/** What only some kinds have. */
export interface Shape {
  readonly bounds?: Bounds | undefined;
  readonly states?: readonly string[] | undefined;
}

const legalName = /^[A-Za-z][A-Za-z0-9_.\-/]{0,254}$/;

/** @throws TypeError or RangeError naming what is wrong. */
export function define(kind: Kind, name: unknown, options: InstrumentOptions, shape: Shape = {}): Definition {
  const { unit = "", description = "" } = options;
  checkText("name", name);
  checkText("unit", unit);
  checkText("description", description);
  if (!legalName.test(name)) {
    throw new RangeError(
      `name must be 1 to 255 letters, digits, "_", ".", "-" or "/", the first a letter, got ${JSON.stringify(name)}`,
    );
  }
  if (unit !== "" && (kind === "info" || kind === "state set")) {
    throw new RangeError(`unit must not be given for ${kind === "info" ? "an info" : "a state set"}, got ${JSON.stringify(unit)}`);
  }
  return { kind, name, unit, description, bounds: shape.bounds, states: shape.states };
}

function checkText(option: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`${option} must be a string, got ${typeof value}`);
}

export function describe({ kind, name, unit, bounds, states }: Definition): string {
  const buckets = bounds === undefined ? "" : ` and buckets [${bounds.values.slice(0, -1).join(", ")}]`;
  const list = states === undefined ? "" : ` and states ${JSON.stringify(states)}`;
  return `${kind} ${JSON.stringify(name)} with ${unit === "" ? "no unit" : `unit ${JSON.stringify(unit)}`}${buckets}${list}`;
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

/** The name in Prometheus: underscores, the unit behind it, and behind that `_total` for a counter, `_info` for an info. */
export function exposedName(definition: Pick<Definition, "kind" | "name" | "unit">): string {
  const { kind, name } = definition;
  const suffix = kind === "counter" ? "_total" : kind === "info" ? "_info" : "";
  const word = exposedUnit(definition);
  let exposed = underscored(name);
  if (suffix !== "" && exposed.endsWith(suffix)) exposed = exposed.slice(0, -suffix.length);
  const hasUnit = word === "" || exposed === word || exposed.endsWith(`_${word}`);
  return exposed + (hasUnit ? "" : `_${word}`) + suffix;
}

/** The unit as a word of the name in Prometheus; empty where it is no part of it. */
export function exposedUnit({ kind, unit }: Pick<Definition, "kind" | "unit">): string {
  return kind.endsWith("gauge") && unit === "1" ? "ratio" : unitWord(unit);
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

/** The label that the exposition adds to this kind's samples, which an attribute must therefore not be. */
export function reservedLabel(definition: Definition): string | undefined {
  if (definition.kind === "histogram") return "le";
  return definition.kind === "state set" ? exposedName(definition) : undefined;
}

export function underscored(text: string): string {
  return text.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
}
