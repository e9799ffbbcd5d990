import { noopMeter, type Attributes, type Counter, type Meter } from "@breakwater/core";
import type { TimeoutReason } from "./errors.ts";

/** How a call ended, to its caller; `passed` ones were handed through. */
export type CallOutcome = "success" | "failure" | "neutral" | "timeout" | "rejected" | "passed";

/** What is measured when a meter was given. Without one there is no object of this class. */
export class Measures {
  readonly calls: Readonly<Record<CallOutcome, Counter>>;
  readonly late: Readonly<Record<"result" | "error", Counter>>;

  constructor(meter: Meter, kind: TimeoutReason, attributes: Attributes, abandoned: () => number) {
    const calls = (outcome: CallOutcome): Counter =>
      meter.counter(`breakwater.${kind}.calls`, {
        description: "Calls by outcome; of the rejected ones the work was not started",
        unit: "{call}",
        attributes: { ...attributes, outcome },
      });
    const late = (what: string): Counter =>
      meter.counter(`breakwater.${kind}.late`, {
        description: "What work gave when nobody wanted it any more",
        unit: "{call}",
        attributes: { ...attributes, what },
      });
    this.calls = {
      success: calls("success"),
      failure: calls("failure"),
      neutral: calls("neutral"),
      timeout: calls("timeout"),
      rejected: calls("rejected"),
      passed: calls("passed"),
    };
    this.late = { result: late("result"), error: late("error") };
    const description = "Work that runs although its caller has been answered";
    meter.gauge(`breakwater.${kind}.abandoned`, abandoned, { description, unit: "{call}", attributes });
  }
}

export function measuresOf(
  meter: Meter,
  kind: TimeoutReason,
  name: string | undefined,
  abandoned: () => number,
): Measures | undefined {
  return meter === noopMeter ? undefined : new Measures(meter, kind, name === undefined ? {} : { name }, abandoned);
}
