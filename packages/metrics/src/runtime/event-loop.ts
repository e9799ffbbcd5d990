import { monitorEventLoopDelay, performance, type EventLoopUtilization, type IntervalHistogram } from "node:perf_hooks";
import type { Meter } from "@breakwater/core";
import type { Settings } from "./options.ts";
import { totalsBy, type Gauges, type Probe, type Total } from "./probe.ts";

const statistics = ["min", "max", "mean", "stddev", "p50", "p90", "p99"] as const;
type Statistic = (typeof statistics)[number];

/** Of one interval, in seconds; NaN where there is no sample. */
export type Delays = Readonly<Record<Statistic, number>>;

/** What is read of Node's histogram, in ns. */
export type DelayHistogram = Pick<IntervalHistogram, "count" | "min" | "max" | "mean" | "stddev" | "percentile">;

const descriptions: Readonly<Record<Statistic, string>> = {
  min: "Shortest event-loop delay of the last interval.",
  max: "Longest event-loop delay of the last interval.",
  mean: "Mean event-loop delay of the last interval; a long block is one sample among many, so look at the maximum too.",
  stddev: "Standard deviation of the event-loop delay in the last interval.",
  p50: "Median event-loop delay of the last interval.",
  p90: "90th percentile of the event-loop delay in the last interval.",
  p99: "99th percentile of the event-loop delay in the last interval.",
};

const noDelays: Delays = { min: NaN, max: NaN, mean: NaN, stddev: NaN, p50: NaN, p90: NaN, p99: NaN };

/** Node measures how far apart its timer's calls are; what is above the timer's period is the delay. */
export function delaysOf(histogram: DelayHistogram, resolutionMs: number): Delays {
  if (histogram.count === 0) return noDelays;
  const seconds = (ns: number): number => Math.max(0, ns / 1e9 - resolutionMs / 1e3);
  return {
    min: seconds(histogram.min),
    max: seconds(histogram.max),
    mean: seconds(histogram.mean),
    stddev: histogram.stddev / 1e9,
    p50: seconds(histogram.percentile(50)),
    p90: seconds(histogram.percentile(90)),
    p99: seconds(histogram.percentile(99)),
  };
}

/** The share of the time between two readings in which the loop did something; NaN over no time. */
export function utilizationBetween(
  earlier: Pick<EventLoopUtilization, "active" | "idle">,
  later: Pick<EventLoopUtilization, "active" | "idle">,
): number {
  const active = later.active - earlier.active;
  const idle = later.idle - earlier.idle;
  return active / (active + idle);
}

type States = Readonly<Record<"active" | "idle", Total>>;

export function eventLoopTotals(meter: Meter): States {
  const description = "Time that the event loop has spent working and waiting.";
  return totalsBy(meter, "nodejs.eventloop.time", "nodejs.eventloop.state", ["active", "idle"], description);
}

/**
 * Delay and utilization of the last whole interval.
 *
 * Who samples? Were it the reader, two readers would each see a part of the time, and a third that looks every 50 ms
 * would leave nothing to either; and reading Node's delay histogram costs 0.4 ms. So a timer of our own samples, all
 * readers see the same numbers, and reading them is reading fields. Before the first interval is over they are NaN.
 */
export function watchEventLoop(gauges: Gauges, totals: States, { resolutionMs }: Settings): Probe {
  const monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  monitor.enable();
  let delays = noDelays;
  let utilization = NaN;
  let baseline = performance.eventLoopUtilization();
  for (const statistic of statistics) {
    const options = { unit: "s", description: descriptions[statistic] };
    gauges.show(`nodejs.eventloop.delay.${statistic}`, () => delays[statistic], options);
  }
  const description = "Share of the last interval in which the event loop did something.";
  gauges.show("nodejs.eventloop.utilization", () => utilization, { unit: "1", description });
  return {
    step: () => {
      const { active, idle } = performance.eventLoopUtilization();
      totals.active.advanceTo(active / 1e3);
      totals.idle.advanceTo(idle / 1e3);
    },
    sample: () => {
      const now = performance.eventLoopUtilization();
      utilization = utilizationBetween(baseline, now);
      baseline = now;
      delays = delaysOf(monitor, resolutionMs);
      monitor.reset();
    },
    stop: () => void monitor.disable(),
  };
}
