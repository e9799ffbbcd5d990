import { warn } from "@breakwater/core";
import { CounterSeries } from "./counter.ts";
import { define, describe, type Definition } from "./definition.ts";
import { Family, type Report } from "./family.ts";

/**
 * What the registry says about itself: nothing is lost in silence. Each is counted per instrument, and the first of each
 * is a process warning, because a counter that nobody looks at yet is no error message.
 */
export class Diagnostics implements Report {
  readonly overflows: Family<CounterSeries>;
  readonly rejections: Family<CounterSeries>;

  constructor() {
    this.overflows = this.#family("overflows", "Requests for a new series of an instrument that has its maximum.");
    this.rejections = this.#family("rejected_values", "Values that an instrument cannot count, such as NaN.");
  }

  overflowed(definition: Definition): void {
    const counter = this.overflows.bind({ instrument: definition.name });
    if (counter.value === 0) {
      warn(new RangeError(`${describe(definition)} has its maximum of series; new ones go to otel.metric.overflow`));
    }
    counter.add(1);
  }

  rejected(definition: Definition, value: unknown): void {
    const counter = this.rejections.bind({ instrument: definition.name });
    if (counter.value === 0) warn(new RangeError(`${describe(definition)} takes ${accepted(definition)}, got ${shown(value)}`));
    counter.add(1);
  }

  // As many series as there are instruments, and no more: these need no limit, and must not report on themselves.
  #family(noun: string, description: string): Family<CounterSeries> {
    const definition = define("counter", `breakwater.metrics.${noun}`, { description });
    return new Family(definition, { maxSeries: Infinity, report: this, make: (reject) => new CounterSeries(reject) });
  }
}

function accepted({ kind }: Definition): string {
  return kind === "gauge" ? "numbers, and adds finite ones" : "finite numbers from 0 up";
}

// Making text of an object may run its code, and throw.
function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value;
}
