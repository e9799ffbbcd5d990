import { warn } from "@breakwater/core";
import type { CardinalityReport } from "./cardinality.ts";
import { CounterSeries } from "./counter.ts";
import { define, describe, type Definition } from "./definition.ts";
import { Exemplars } from "./exemplar.ts";
import { Family, type Report } from "./family.ts";
import { labelsOf } from "./labels.ts";

/**
 * What the registry says about itself: nothing is lost in silence. Each is counted per instrument, and the first of each
 * is a process warning, because a counter that nobody looks at yet is no error message.
 */
export class Diagnostics implements Report {
  readonly overflows: Family<CounterSeries>;
  readonly rejections: Family<CounterSeries>;
  readonly droppedExemplars: Family<CounterSeries>;

  constructor() {
    this.overflows = this.#family("overflows", "Requests for a new series of an instrument that has its maximum.");
    this.rejections = this.#family("rejected_values", "Values that an instrument cannot count, such as NaN.");
    this.droppedExemplars = this.#family("dropped_exemplars", "Exemplars left out for labels that are too long, or no labels.");
  }

  get families(): readonly Family<CounterSeries>[] {
    return [this.overflows, this.rejections, this.droppedExemplars];
  }

  overflowed(definition: Definition, cardinality: () => CardinalityReport): void {
    const counter = this.overflows.bind(labelsOf({ instrument: definition.name }));
    if (counter.value === 0) {
      const { attribute } = cardinality();
      const worst = attribute === undefined ? "" : `; ${JSON.stringify(attribute.key)} has ${attribute.values} values`;
      warn(new RangeError(`${describe(definition)} has its maximum of series; new ones go to otel.metric.overflow${worst}`));
    }
    counter.add(1);
  }

  rejected(definition: Definition, value: unknown): void {
    const counter = this.rejections.bind(labelsOf({ instrument: definition.name }));
    if (counter.value === 0) warn(new RangeError(`${describe(definition)} takes ${accepted(definition)}, got ${shown(value)}`));
    counter.add(1);
  }

  exemplarDropped(definition: Definition): void {
    const counter = this.droppedExemplars.bind(labelsOf({ instrument: definition.name }));
    if (counter.value === 0) warn(new RangeError(`${describe(definition)} takes exemplars with at most 128 characters of text labels`));
    counter.add(1);
  }

  // As many series as there are instruments, and no more: these need no limit. They have no exemplars, and so nothing to
  // report on themselves.
  #family(noun: string, description: string): Family<CounterSeries> {
    const definition = define("counter", `breakwater.metrics.${noun}`, { description });
    const exemplars = new Exemplars(undefined, Date.now);
    return new Family(definition, { maxSeries: Infinity, report: this, exemplars, make: (home) => new CounterSeries(home) });
  }
}

function accepted({ kind, states }: Definition): string {
  if (kind === "state set") return `the states ${JSON.stringify(states)}`;
  if (kind === "up-down counter") return "finite numbers";
  return kind === "gauge" ? "numbers, and adds finite ones" : "finite numbers from 0 up";
}

// Making text of an object may run its code, and throw.
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "number" ? String(value) : typeof value;
}
