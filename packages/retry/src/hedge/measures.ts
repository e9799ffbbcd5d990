import { noopMeter, type Counter, type Meter } from "@breakwater/core";
import type { HedgeReason } from "./events.ts";

/** What is measured when a meter was given. Without one there is no object of this class. */
export class HedgeMeasures {
  readonly calls: Counter;
  readonly hedges: Readonly<Record<HedgeReason, Counter>>;
  readonly denials: Counter;
  readonly hedgeWins: Counter;
  readonly disposals: Counter;

  constructor(meter: Meter, name: string | undefined, delayMs: () => number | undefined) {
    const attributes = name === undefined ? {} : { name };
    const hedges = (reason: HedgeReason): Counter =>
      meter.counter("breakwater.hedge.hedges", {
        description: "Tries beyond the first of a call, by why they were sent",
        unit: "{try}",
        attributes: { ...attributes, reason },
      });
    this.calls = meter.counter("breakwater.hedge.calls", { description: "Calls that were started", unit: "{call}", attributes });
    this.hedges = { slow: hedges("slow"), failed: hedges("failed") };
    this.denials = meter.counter("breakwater.hedge.denials", {
      description: "Hedges that the budget did not pay for",
      unit: "{try}",
      attributes,
    });
    this.hedgeWins = meter.counter("breakwater.hedge.wins", {
      description: "Calls that a hedge answered",
      unit: "{call}",
      attributes,
    });
    this.disposals = meter.counter("breakwater.hedge.disposals", {
      description: "Results that came after their call had settled",
      unit: "{result}",
      attributes,
    });
    const description = "How long a call waits for its hedge; NaN while that is not known";
    meter.gauge("breakwater.hedge.delay", () => (delayMs() ?? NaN) / 1_000, { description, unit: "s", attributes });
  }
}

export function hedgeMeasuresOf(
  meter: Meter,
  name: string | undefined,
  delayMs: () => number | undefined,
): HedgeMeasures | undefined {
  return meter === noopMeter ? undefined : new HedgeMeasures(meter, name, delayMs);
}
