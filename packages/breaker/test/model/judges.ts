import { allOf, anyOf, consecutiveFailures, countWindow, faults, slowCalls, timeWindow, type Trip } from "@breakwater/breaker";
import fc from "fast-check";

/** Something that was counted in a closed period: how a call ended, or whether it was slow. */
export interface Entry {
  readonly at: number;
  readonly isBad: boolean;
  readonly fault: "local" | "remote";
  /** Of durations: by which measure. */
  readonly slowMs: number | undefined;
}

/** Judges the whole history of a closed period, afresh each time. */
export type Judge = (history: readonly Entry[], now: number) => boolean;

export interface Tripping {
  readonly trip: Trip;
  readonly judge: Judge;
  /** Whether it has seen enough, whatever happened last; where that is no other question than `judge`, left out. */
  readonly standing?: Judge;
  readonly slowMs: readonly number[];
}

const outcomes = (history: readonly Entry[]): readonly Entry[] => history.filter(({ slowMs }) => slowMs === undefined);

const consecutive = fc.integer({ min: 1, max: 4 }).map((threshold): Tripping => ({
  trip: consecutiveFailures(threshold),
  judge: (history) => {
    const last = outcomes(history).slice(-threshold);
    return last.length === threshold && last.every(({ isBad }) => isBad);
  },
  slowMs: [],
}));

const counted = fc
  .integer({ min: 1, max: 6 })
  .chain((size) => fc.record({ size: fc.constant(size), percent: fc.integer({ min: 1, max: 100 }), minimumCalls: fc.integer({ min: 1, max: size }) }))
  .map(({ size, percent, minimumCalls }): Tripping => ({
    trip: countWindow({ size, failureRatio: percent / 100, minimumCalls }),
    judge: (history) => {
      const last = outcomes(history).slice(-size);
      const failures = last.filter(({ isBad }) => isBad).length;
      return last.length >= minimumCalls && failures > 0 && failures * 100 >= percent * last.length;
    },
    slowMs: [],
  }));

const timed = fc
  .record({
    bucketMs: fc.constantFrom(1, 7, 20),
    buckets: fc.integer({ min: 2, max: 5 }),
    percent: fc.integer({ min: 0, max: 100 }),
    minimumCalls: fc.integer({ min: 1, max: 4 }),
    minimumFailures: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ bucketMs, buckets, percent, minimumCalls, minimumFailures }): Tripping => ({
    trip: timeWindow({ windowMs: bucketMs * buckets, buckets, failureRatio: percent / 100, minimumCalls, minimumFailures }),
    judge: (history, now) => {
      const oldest = Math.floor(now / bucketMs) - buckets + 1;
      const last = outcomes(history).filter(({ at }) => Math.floor(at / bucketMs) >= oldest);
      const failures = last.filter(({ isBad }) => isBad).length;
      return last.length >= minimumCalls && failures >= minimumFailures && failures * 100 >= percent * last.length;
    },
    slowMs: [],
  }));

const simple = fc.oneof(consecutive, counted, timed);

const slow = fc.record({ of: simple, slowMs: fc.constantFrom(1, 10, 35, 60) }).map(({ of, slowMs }): Tripping => ({
  trip: slowCalls({ slowMs, trip: of.trip }),
  judge: (history, now) =>
    of.judge(history.filter((entry) => entry.slowMs === slowMs).map((entry) => ({ ...entry, slowMs: undefined })), now),
  slowMs: [slowMs],
}));

const faulty = fc.record({ of: simple, fault: fc.constantFrom("local" as const, "remote" as const) }).map(({ of, fault }): Tripping => {
  const standing: Judge = (history, now) =>
    of.judge(
      outcomes(history)
        .filter((entry) => fault === "local" || !entry.isBad || entry.fault === "remote")
        .map((entry) => ({ ...entry, isBad: entry.isBad && entry.fault === fault })),
      now,
    );
  const judge: Judge = (history, now) => {
    const last = outcomes(history).at(-1);
    return last?.isBad === true && last.fault === fault && standing(history, now);
  };
  return { trip: faults(fault, of.trip), judge, standing, slowMs: [] };
});

const parts = fc.array(fc.oneof(simple, slow, faulty), { minLength: 1, maxLength: 3 });

function together(name: "anyOf" | "allOf", all: readonly Tripping[]): Tripping {
  const trips = all.map(({ trip }) => trip);
  return {
    trip: name === "anyOf" ? anyOf(...trips) : allOf(...trips),
    judge: (history, now) => {
      const isOne = all.some((each) => each.judge(history, now));
      return isOne && (name === "anyOf" || all.every(({ judge, standing = judge }) => standing(history, now)));
    },
    slowMs: [...new Set(all.flatMap(({ slowMs }) => slowMs))].sort((a, b) => a - b),
  };
}

export const trippings: Readonly<Record<string, fc.Arbitrary<Tripping>>> = {
  "consecutive failures": consecutive,
  "a count window": counted,
  "a time window": timed,
  "slow calls": slow,
  "one kind of fault": faulty,
  "any of several": parts.map((all) => together("anyOf", all)),
  "all of several": parts.map((all) => together("allOf", all)),
};
