import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Deadline, Timeout, TimeoutError, type TimeoutMode } from "@breakwater/deadline";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countListeners } from "./helpers.ts";

/** How work ends: with a value, an error of its own, or the reason that its signal gave it. */
type Ending = "value" | "own error" | "reason";

interface Plan {
  readonly startAt: number;
  /** It ends by itself after so long; Infinity hangs. */
  readonly workMs: number;
  readonly workEnds: "value" | "own error";
  /** So long after its signal aborted it lets go; Infinity is deaf. */
  readonly reactMs: number;
  readonly reactEnds: Ending;
  /** The caller goes away so long after the start. */
  readonly abortMs: number;
}

interface Rules {
  readonly timeoutMs: number;
  readonly mode: TimeoutMode;
  readonly graceMs: number;
}

/** What the caller got, and when; and what nobody got. */
interface Ended {
  readonly at: number;
  readonly got: "value" | "own error" | "timeout" | "abort" | "nothing";
  readonly late: "value" | "own error" | undefined;
}

/** The rules in the simplest words: at one time an answer comes before an abort, and an abort before a timeout. */
function expected(plan: Plan, rules: Rules): Ended {
  const { startAt, workMs, workEnds, reactMs, reactEnds, abortMs } = plan;
  const endsAt = startAt + workMs;
  const abortAt = startAt + abortMs;
  const timeoutAt = startAt + rules.timeoutMs;
  const stoppedAt = Math.min(abortAt, timeoutAt);
  if (endsAt <= stoppedAt) return endsAt === Infinity ? { at: Infinity, got: "nothing", late: undefined } : { at: endsAt, got: workEnds, late: undefined };

  const got = abortAt <= timeoutAt ? "abort" : "timeout";
  const letsGoAt = Math.min(endsAt, stoppedAt + reactMs);
  const ending = letsGoAt === Infinity ? "reason" : endsAt <= stoppedAt + reactMs ? workEnds : reactEnds;
  const nobodyGets = ending === "reason" ? undefined : ending;
  const graceMs = rules.mode === "aggressive" ? 0 : rules.graceMs;
  const givesUpAt = stoppedAt + graceMs;
  if (graceMs === 0 || letsGoAt > givesUpAt) return { at: givesUpAt, got, late: nobodyGets };
  if (letsGoAt === Infinity) return { at: Infinity, got: "nothing", late: undefined };
  if (got === "timeout") return { at: letsGoAt, got, late: nobodyGets };
  return { at: letsGoAt, got: ending === "reason" ? "abort" : ending, late: undefined };
}

const ownError = new Error("of its own");
const gone = { gone: true };

function workOf({ workMs, workEnds, reactMs, reactEnds }: Plan, clock: ManualClock): (call: Call) => Promise<string> {
  return (call) =>
    new Promise((resolve, reject) => {
      // Work that is deaf does not look at its signal.
      const signal = reactMs < Infinity ? call.signal : undefined;
      const end = (ending: Ending): void => {
        natural.cancel();
        if (ending === "value") resolve("value");
        else reject(ending === "reason" ? signal?.reason : ownError);
      };
      const natural = clock.setTimer(() => end(workEnds), workMs);
      signal?.addEventListener("abort", () => clock.setTimer(() => end(reactEnds), reactMs), { once: true });
    });
}

function gotOf(error: unknown): Ended["got"] {
  if (error instanceof TimeoutError) return "timeout";
  return error === gone ? "abort" : error === ownError ? "own error" : "nothing";
}

const ms = (max: number): fc.Arbitrary<number> => fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max }) }, { weight: 1, arbitrary: fc.constant(Infinity) });
const plans: fc.Arbitrary<Plan> = fc.record({
  startAt: fc.integer({ min: 0, max: 40 }),
  workMs: ms(60),
  workEnds: fc.constantFrom("value", "own error"),
  reactMs: ms(30),
  reactEnds: fc.constantFrom("value", "own error", "reason"),
  abortMs: ms(60),
});
const rules: fc.Arbitrary<Rules> = fc.record({
  timeoutMs: ms(40),
  mode: fc.constantFrom("cooperative", "aggressive"),
  graceMs: fc.oneof(ms(25), fc.constant(0)),
});

describe("against a naive model", () => {
  it("every caller gets what is due, when it is due, and nothing is left", async () => {
    await fc.assert(
      fc.asyncProperty(rules, fc.array(plans, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.boolean(), async (rule, all, isDeadline, isHeard) => {
        const clock = new ManualClock();
        const disposed: unknown[] = [];
        const options = { ...rule, clock, dispose: (value: unknown) => void disposed.push(value) };
        const bounded = isDeadline && rule.timeoutMs < Infinity ? new Deadline(options) : new Timeout(options);
        let heard = 0;
        if (isHeard) (bounded as Timeout).on("timedOut", () => (heard += 1)); // both have this event
        const ends: Ended[] = all.map(() => ({ at: Infinity, got: "nothing", late: undefined }));
        const listeners = all.map((plan, index) => {
          const controller = new AbortController();
          clock.setTimer(() => {
            const end = (got: Ended["got"]): unknown => (ends[index] = { at: clock.now(), got, late: undefined });
            bounded.run(workOf(plan, clock), controller).then(() => end("value"), (error: unknown) => end(gotOf(error)));
            clock.setTimer(() => controller.abort(gone), plan.abortMs);
          }, plan.startAt);
          return countListeners(controller.signal);
        });
        await clock.advanceAsync(4_000);

        const model = all.map((plan) => expected(plan, rule));
        expect(ends).toEqual(model.map(({ at, got }) => ({ at, got, late: undefined })));
        const lateValues = model.filter(({ late }) => late === "value").length;
        expect(disposed).toHaveLength(lateValues);
        expect(bounded.stats).toMatchObject({
          lateResults: lateValues,
          lateErrors: model.filter(({ late }) => late === "own error").length,
          timeouts: all.filter((plan, index) => model[index]?.got === "timeout" || isWaitedFor(plan, rule)).length,
          successes: model.filter(({ got }) => got === "value").length,
        });
        expect(heard).toBe(isHeard ? bounded.stats.timeouts : 0);
        for (const [index, { got }] of model.entries()) if (got !== "nothing") expect(listeners[index]?.left).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Timed out, and its caller still waits: the grace is Infinity, and the work hangs. */
function isWaitedFor(plan: Plan, rule: Rules): boolean {
  const timedOut = rule.timeoutMs < Math.min(plan.workMs, plan.abortMs);
  return timedOut && rule.mode === "cooperative" && rule.graceMs === Infinity && plan.workMs === Infinity && plan.reactMs === Infinity;
}

type Nested = { readonly kind: "timeout"; readonly timeoutMs: number } | { readonly kind: "deadline"; readonly timeoutMs: number | undefined };

const layers: fc.Arbitrary<Nested> = fc.oneof(
  fc.record({ kind: fc.constant("timeout" as const), timeoutMs: ms(50) }),
  fc.record({ kind: fc.constant("deadline" as const), timeoutMs: fc.option(ms(50), { nil: undefined }) }),
);

describe("through any nesting", () => {
  it("a deadline never grows, and nested waits end by the tightest that is enforced", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(layers, { minLength: 1, maxLength: 6 }),
        fc.option(fc.integer({ min: 101, max: 160 }), { nil: undefined }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom<TimeoutMode>("cooperative", "aggressive"),
        async (nested, deadlineAt, waits, mode) => {
          const clock = new ManualClock(100);
          const seen: number[] = [];
          const note = ({ deadlineAt: at = Infinity }: Call): number => seen.push(at);
          const made = nested.map((one) => (one.kind === "timeout" ? new Timeout({ ...one, mode, clock }) : new Deadline({ ...one, mode, clock })));
          const innermost = async (_: number, call: Call): Promise<string> => {
            note(call);
            for (const wait of waits) await waitFor(wait, call, clock);
            return "value";
          };
          const service = made.reduceRight((next, { layer }) => {
            const inside = layer(next);
            return (input: number, call: Call) => {
              note(call);
              return inside(input, call);
            };
          }, innermost);

          let endedAt = Infinity;
          let got: unknown;
          const end = (result: unknown): void => {
            endedAt = clock.now();
            got = result;
          };
          service(1, { deadlineAt }).then(end, end);
          await clock.advanceAsync(3_000);

          expect(seen).toEqual([...seen].sort((a, b) => b - a));
          expect(seen.at(-1)).toBe(Math.min(deadlineAt ?? Infinity, ...nested.map(({ timeoutMs = Infinity }) => 100 + timeoutMs)));
          const doneAt = 100 + waits.reduce((sum, wait) => sum + wait, 0);
          const enforcedAt = enforced(nested, deadlineAt ?? Infinity);
          expect(endedAt).toBe(Math.min(doneAt, enforcedAt));
          expect(got === "value").toBe(doneAt <= enforcedAt);
          expect(clock.pendingTimers).toBe(0);
          for (const { stats } of made) expect(stats).toMatchObject({ running: 0, abandoned: 0 });
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

/** The earliest time that some layer enforces. */
function enforced(nested: readonly Nested[], given: number): number {
  let deadlineAt = given;
  let enforcedAt = Infinity;
  for (const { kind, timeoutMs } of nested) {
    const ownAt = 100 + (timeoutMs ?? Infinity);
    if (kind === "timeout" || ownAt < deadlineAt) enforcedAt = Math.min(enforcedAt, ownAt);
    else if (timeoutMs === undefined) enforcedAt = Math.min(enforcedAt, deadlineAt);
    deadlineAt = Math.min(deadlineAt, ownAt);
  }
  return enforcedAt;
}

/** A wait that ends early when it is told to. */
function waitFor(waitMs: number, { signal }: Call, clock: ManualClock): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, waitMs);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
