import { noopMeter, increment, type Counter, type Meter } from "@breakwater/core";

/** Counts by outcome: for `stats` always, and for a meter where one was given. */
export interface Counters<Outcome extends string> {
  add(outcome: Outcome): void;
  /** The counts since the beginning. */
  snapshot(): Record<Outcome, number>;
}

/** A broken meter fails no call: what it throws becomes a process warning. */
export function counters<const Outcome extends string>(
  meter: Meter,
  instrument: string,
  description: string,
  name: string | undefined,
  outcomes: readonly Outcome[],
): Counters<Outcome> {
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>; // of just these
  const bind = (outcome: Outcome): Counter =>
    meter.counter(instrument, { description, unit: "{call}", attributes: name === undefined ? { outcome } : { name, outcome } });
  const measured = meter === noopMeter ? undefined : new Map(outcomes.map((outcome) => [outcome, bind(outcome)]));
  return {
    add(outcome) {
      counts[outcome] += 1;
      if (measured !== undefined) increment(measured.get(outcome));
    },
    snapshot: () => ({ ...counts }),
  };
}
