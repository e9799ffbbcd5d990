import { Balancer, type Candidate, type Pick, type Policy } from "@breakwater/balancer";
import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { letters } from "./helpers.ts";

interface Wanted extends Call {
  readonly key?: string;
}

/** Goes where the call says, if that one may be chosen; else to the first. */
const asked: Policy<null> = {
  name: "asked",
  readsClock: false,
  strategy: () => ({
    newState: () => null,
    selector: () => {
      let there: readonly Candidate<null>[] = [];
      return { changed: (candidates) => (there = candidates), choose: ({ key: wanted }: Wanted) => there.find(({ key }) => key === wanted) ?? there[0] ?? expect.fail("nobody") };
    },
    loadOf: () => 0,
  }),
};

const rules = { consecutiveFailures: 4, intervalMs: 800, ejectMs: 400, maxEjectMs: 1_000, maxEjectedRatio: 0.4 };
const failureRatio = { ratio: 0.7, minEndpoints: 2, minCalls: 3 };
const successRate = { stdevFactor: 1.2, minEndpoints: 3, minCalls: 2 };
const most = 2; // of five

/** One endpoint, all of whose results are kept and counted anew each time. */
class Naive {
  readonly key: string;
  results: boolean[] = [];
  until = -Infinity;
  changes = 0;
  strikes = 0;
  backAt = -Infinity;
  /** Results before that one are of an earlier interval. */
  intervalFrom = 0;

  constructor(key: string) {
    this.key = key;
  }

  get isOut(): boolean {
    return this.until > -Infinity;
  }

  get row(): number {
    return this.results.length - 1 - this.results.findLastIndex((isGood) => isGood);
  }

  goodRatio(): number {
    return this.results.filter((isGood) => isGood).length / this.results.length;
  }

  back(now: number): void {
    Object.assign(this, { until: -Infinity, changes: this.changes + 1, results: [], intervalFrom: 0, backAt: now });
  }

  inInterval(): Naive {
    const part = new Naive(this.key);
    part.results = this.results.slice(this.intervalFrom);
    return part;
  }
}

class Oracle {
  readonly all: readonly Naive[] = letters(5).map(({ key }) => new Naive(key));
  readonly log: string[] = [];
  began = 0;

  of(key: string): Naive {
    return this.all.find((each) => each.key === key) ?? expect.fail(key);
  }

  turn(now: number): void {
    for (const each of this.all) if (each.isOut && each.until <= now) each.back(now);
    const intervals = Math.floor((now - this.began) / rules.intervalMs);
    if (intervals > 0) this.judge(intervals, now);
  }

  judge(intervals: number, now: number): void {
    const enough = (calls: number): Naive[] =>
      this.all.filter(({ isOut }) => !isOut).map((each) => each.inInterval()).filter(({ results }) => results.length >= calls).sort((one, other) => one.goodRatio() - other.goodRatio());
    const [byRatio, byRate] = [enough(failureRatio.minCalls), enough(successRate.minCalls)];
    const mean = byRate.reduce((sum, each) => sum + each.goodRatio(), 0) / byRate.length;
    const sigma = Math.sqrt(byRate.reduce((sum, each) => sum + (each.goodRatio() - mean) ** 2, 0) / byRate.length);
    const bad = [
      ...(byRatio.length < failureRatio.minEndpoints ? [] : byRatio.filter((each) => 1 - each.goodRatio() >= failureRatio.ratio).map(({ key }) => `${key} failure-ratio`)),
      ...(byRate.length < successRate.minEndpoints ? [] : byRate.filter((each) => each.goodRatio() < mean - successRate.stdevFactor * sigma - 1e-9).map(({ key }) => `${key} success-rate`)),
    ];
    for (const each of this.all) {
      each.intervalFrom = each.results.length;
      if (!each.isOut && each.backAt <= this.began) each.strikes = Math.max(0, each.strikes - intervals);
    }
    this.began += intervals * rules.intervalMs;
    for (const line of bad) this.condemn(this.of(line.charAt(0)), line.slice(2), now);
  }

  condemn(each: Naive, rule: string, now: number): void {
    if (each.isOut || this.all.filter(({ isOut }) => isOut).length >= most) return;
    each.strikes += 1;
    this.out(each, rule, Math.min(rules.ejectMs * each.strikes, rules.maxEjectMs), now);
  }

  out(each: Naive, rule: string, ejectMs: number, now: number): void {
    each.until = now + ejectMs;
    each.changes += 1;
    this.log.push(`${each.key} ${rule} ${ejectMs}`);
  }

  settle(key: string, changes: number, how: string, now: number): void {
    this.turn(now);
    const each = this.of(key);
    if (how === "cancel" || each.changes !== changes) return;
    each.results.push(how === "success");
    if (how === "failure" && each.row >= rules.consecutiveFailures) this.condemn(each, "consecutive-failures", now);
  }
}

const key = fc.constantFrom("a", "a", "b", "b", "c", "c", "d", "e"); // some are asked more, so that something happens to them
const how = fc.constantFrom("success", "failure", "failure", "success", "failure", "cancel");
const step = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant("call" as const), key, how }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("begin" as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("end" as const), which: fc.nat(), how }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.oneof({ weight: 8, arbitrary: fc.nat(400) }, { weight: 1, arbitrary: fc.nat(3_000) }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("eject" as const), key, ms: fc.nat(1_500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const), key }) },
);

it("ejection does what a naive model does that keeps every result and counts anew each time", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 150, maxLength: 400 }), (steps) => {
      const clock = new ManualClock();
      const balancer = new Balancer({ endpoints: letters(5), policy: asked, ejection: { ...rules, failureRatio, successRate }, clock });
      const oracle = new Oracle();
      const log: string[] = [];
      balancer.on("ejected", ({ endpoint, rule, ejectMs }) => log.push(`${endpoint.key} ${rule} ${ejectMs}`));
      const open: { readonly pick: Pick<string>; readonly changes: number }[] = [];
      let now = 0;
      const begin = (wanted: string): void => {
        const call: Wanted = { key: wanted };
        const pick = balancer.pick(call);
        oracle.turn(now);
        open.push({ pick, changes: oracle.of(pick.value).changes });
      };
      const end = (which: number, outcome: string): void => {
        const [ended] = open.splice(which, 1);
        if (ended === undefined) return;
        ended.pick[outcome as "success"]();
        oracle.settle(ended.pick.value, ended.changes, outcome, now);
      };
      for (const action of steps) {
        if (action.do === "time") now += action.ms;
        if (action.do === "time") clock.advance(action.ms);
        else if (action.do === "begin") begin(action.key);
        else if (action.do === "end" && open.length > 0) end(action.which % open.length, action.how);
        else if (action.do === "call") {
          begin(action.key);
          end(open.length - 1, action.how);
        } else if (action.do === "eject") {
          balancer.eject(action.key, action.ms);
          oracle.out(oracle.of(action.key), "manual", action.ms, now);
        } else if (action.do === "restore") {
          expect(balancer.restore(action.key)).toBe(oracle.of(action.key).isOut);
          if (oracle.of(action.key).isOut) oracle.of(action.key).back(now);
        }
        if (log.join() !== oracle.log.join()) expect(log).toEqual(oracle.log);
        const out = balancer.stats.endpoints.filter(({ state }) => state === "ejected").map((endpoint) => endpoint.key);
        expect(out.join()).toBe(oracle.all.filter(({ until }) => until > now).map((each) => each.key).join());
      }
      for (const line of log) seen.add(line.slice(2));
    }),
    { numRuns: 120 },
  );
  for (const rule of ["consecutive-failures 400", "failure-ratio 400", "success-rate 400", "consecutive-failures 800"]) expect([...seen]).toContain(rule); // or it would show little
}, 30_000);
