import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Hedge, RetryBudget } from "@breakwater/retry";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { refusal } from "./helpers.ts";
import { courseOf, type Course, type Plan, type PlannedCall, type PlannedTry } from "./oracle.ts";

// Each time has a bit of its own below the millisecond, so that no two things happen at once: try i 2^-i, an abort 2^-8, a deadline
// 2^-9, the start of call j 2^-(10+j). Sums of them are exact.
const endings = ["success", "success", "failure", "failure", "fatal", "refusal"] as const;

function plannedTry(index: number): fc.Arbitrary<PlannedTry> {
  return fc.record({ ms: fc.integer({ min: 0, max: 60 }).map((ms) => ms + 2 ** -(index + 1)), ending: fc.constantFrom(...endings) });
}

function maybe(range: { min: number; max: number }, bit: number): fc.Arbitrary<number> {
  return fc.option(fc.integer(range), { nil: Infinity }).map((ms) => ms + bit);
}

function plannedCall(index: number, maxTries: number): fc.Arbitrary<PlannedCall> {
  const tries = Array.from({ length: maxTries }, (_, attempt) => plannedTry(attempt));
  return fc
    .record({
      startAt: fc.integer({ min: 0, max: 50 }).map((ms) => ms + 2 ** -(10 + index)),
      abortAfter: maybe({ min: 0, max: 200 }, 2 ** -8),
      deadlineAfter: maybe({ min: 0, max: 200 }, 2 ** -9),
      tries: fc.tuple(...tries),
    })
    .map(({ startAt, abortAfter, deadlineAfter, tries: planned }) => ({
      startAt,
      abortAt: startAt + abortAfter,
      deadlineAt: startAt + deadlineAfter,
      tries: planned,
    }));
}

const plans: fc.Arbitrary<Plan> = fc.integer({ min: 2, max: 5 }).chain((maxTries) =>
  fc.record({
    delayMs: fc.oneof(fc.constantFrom(0, Infinity), fc.integer({ min: 1, max: 40 })),
    tokens: fc.integer({ min: 0, max: 12 }),
    calls: fc.tuple(plannedCall(0, maxTries), plannedCall(1, maxTries), plannedCall(2, maxTries)),
  }),
);

class FatalError extends Error {}

/** The real thing, on a manual clock. */
class World {
  readonly clock = new ManualClock();
  readonly courses: Course[] = [];
  tokensLeft: number;
  readonly hedge: Hedge;
  readonly listeners: { added: number; removed: number } = { added: 0, removed: 0 };

  constructor({ delayMs, tokens, calls }: Plan) {
    this.tokensLeft = tokens;
    this.hedge = new Hedge({
      delayMs,
      maxHedges: (calls[0]?.tries.length ?? 0) - 1,
      budget: { deposit: () => undefined, tryWithdraw: () => this.tokensLeft > 0 && (this.tokensLeft -= 1) >= 0 },
      isFatal: (error) => (error instanceof FatalError ? true : undefined),
      dispose: (result) => (result as { late: () => void }).late(),
      clock: this.clock,
    });
    calls.forEach((call, index) => this.clock.setTimer(() => this.#start(call, index), call.startAt));
  }

  #start({ tries, abortAt, deadlineAt, startAt }: PlannedCall, index: number): void {
    const { clock } = this;
    const controller = new AbortController();
    const { signal } = controller;
    this.#countListeners(signal);
    const calls: Call[] = [];
    const running = new Set<number>();
    const course = { result: "none", settledAt: Infinity, startedAt: [] as number[], aborted: [] as number[], disposed: [] as number[] };
    this.courses[index] = course;
    const work = (call: Call): Promise<unknown> => {
      const attempt = calls.push(call);
      const { ms, ending } = tries[attempt - 1] ?? { ms: 0, ending: "failure" };
      course.startedAt.push(clock.now());
      running.add(attempt);
      return new Promise((resolve, reject) => {
        clock.setTimer(() => {
          running.delete(attempt);
          if (ending === "success") resolve({ attempt, late: () => course.disposed.push(attempt) });
          else reject(Object.assign(ending === "fatal" ? new FatalError() : ending === "refusal" ? refusal() : new Error("down"), { attempt }));
        }, ms);
      });
    };
    const settle = (result: string): void => {
      Object.assign(course, { result, settledAt: clock.now() });
      for (const attempt of running) if (calls[attempt - 1]?.signal?.aborted === true) course.aborted.push(attempt);
    };
    const call = abortAt === Infinity ? { deadlineAt } : { deadlineAt, signal };
    this.hedge.run(work, call).then(
      (value) => settle(`value ${(value as { attempt: number }).attempt}`),
      (error: unknown) => settle(error === "gone" ? "abort" : `error ${(error as { attempt: number }).attempt}`),
    );
    // What the caller aborts when all is over, nobody must hear.
    clock.setTimer(() => controller.abort("gone"), abortAt - startAt);
  }

  #countListeners(signal: AbortSignal): void {
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      this.listeners.added += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      this.listeners.removed += 1;
      remove(...args);
    };
  }
}

it("who wins, when, how many are sent, who is aborted and who is disposed of: as in a naive model, whatever the plan", async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const world = new World(plan);
      await world.clock.advanceAsync(1_000);
      const expected = courseOf(plan);
      expect(world.courses).toEqual(expected.courses);
      expect(world.tokensLeft).toBe(expected.tokensLeft);
      expect(world.hedge.stats).toMatchObject({ calls: 3, running: 0, hedges: plan.tokens - world.tokensLeft });
      expect(world.clock.pendingTimers).toBe(0);
      expect(world.listeners.removed).toBe(world.listeners.added);
      for (const { result, aborted, disposed } of world.courses) {
        for (const kind of [result, `aborted ${aborted.length}`, `disposed ${disposed.length}`]) seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: 400 },
  );
  for (const kind of ["value 1", "value 2", "value 4", "error 1", "error 3", "abort", "aborted 0", "aborted 2", "disposed 1"]) {
    expect(seen.has(kind), kind).toBe(true);
  }
}, 60_000);

it("the extra load stays within the budget, however slow everything is", async () => {
  const loads = fc.record({
    ratio: fc.double({ min: 0, max: 0.5, noNaN: true }),
    minPerSecond: fc.constantFrom(0, 0.5, 2),
    gaps: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 150 }),
    maxHedges: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(loads, async ({ ratio, minPerSecond, gaps, maxHedges }) => {
      const clock = new ManualClock();
      const hedge = new Hedge({ delayMs: 20, maxHedges, budget: new RetryBudget({ ratio, minPerSecond, windowMs: 10_000, clock }), clock });
      const work = vi.fn(() => new Promise<void>((resolve) => void clock.setTimer(resolve, 500)));
      for (const gap of gaps) {
        void hedge.run(work);
        clock.advance(gap);
      }
      await clock.advanceAsync(600);
      const { calls, hedges } = hedge.stats;
      expect(work).toHaveBeenCalledTimes(calls + hedges);
      expect(hedges).toBeLessThanOrEqual(ratio * calls + 10 * minPerSecond);
      if (ratio * calls >= 2) expect(hedges).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});
