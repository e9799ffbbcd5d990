import { RejectedError } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Breaker, consecutiveFailures, countWindow, type BreakerState, type Trip } from "@breakwater/breaker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deferred, transitionsOf } from "./helpers.ts";

type Outcome = "success" | "failure" | "neutral";

/** How a call comes in. */
type Via = "permit" | "run" | "run with signal" | "layer" | "layer with signal";

type Command =
  | { readonly type: "acquire"; readonly via: Via }
  | { readonly type: "reset" }
  | { readonly type: "settle"; readonly which: number; readonly outcome: Outcome }
  | { readonly type: "move"; readonly ms: number };

const outcome = fc.constantFrom<Outcome>("success", "failure", "failure", "neutral");
const commandVia = (...ways: Via[]): fc.Arbitrary<Command> => fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant("acquire" as const), via: fc.constantFrom(...ways) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("settle" as const), which: fc.nat(20), outcome }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("move" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("move" as const), ms: fc.constantFrom(-1e12, -45, -1, 1e12) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reset" as const) }) },
);

/** Judges the whole history of a closed period afresh after each call. */
type Judge = (history: readonly boolean[]) => boolean;

interface Trial {
  readonly period: number;
  readonly isProbe: boolean;
}

/** Keeps everything that ever happened, numbers the periods, and computes each answer from the beginning. */
class Oracle {
  now = 0;
  state: BreakerState = "closed";
  period = 0;
  history: boolean[] = [];
  waitingSince = 0;
  probe: Trial | undefined;
  readonly transitions: string[] = [];
  readonly #judge: Judge;
  readonly #breakMs: number;
  readonly #probeTimeoutMs: number;

  constructor(judge: Judge, breakMs: number, probeTimeoutMs: number) {
    this.#judge = judge;
    this.#breakMs = breakMs;
    this.#probeTimeoutMs = probeTimeoutMs;
  }

  /** Until a caller may go: nothing while closed, or half-open with no probe out. */
  get leftMs(): number {
    if (this.state === "closed" || (this.state === "half-open" && this.probe === undefined)) return 0;
    const whole = this.state === "open" ? this.#breakMs : this.#probeTimeoutMs;
    const gone = Math.max(0, this.now - this.waitingSince);
    return Math.max(0, whole - gone);
  }

  get visibleState(): BreakerState {
    return this.state === "open" && this.leftMs === 0 ? "half-open" : this.state;
  }

  get retryAfterMs(): number | undefined {
    return this.state === "half-open" && this.leftMs > 0 ? undefined : this.leftMs;
  }

  acquire(): Trial | undefined {
    if (this.state === "closed") return { period: this.period, isProbe: false };
    if (this.leftMs > 0) {
      this.waitingSince = Math.min(this.waitingSince, this.now);
      return undefined;
    }
    if (this.state === "open") this.#enter("half-open", "halfOpened");
    this.waitingSince = this.now;
    this.probe = { period: this.period, isProbe: true };
    return this.probe;
  }

  settle(trial: Trial, result: Outcome): void {
    if (trial.period !== this.period) return;
    if (trial.isProbe) {
      if (result === "success") this.#close();
      if (result === "failure") this.#open();
      if (result === "neutral" && trial === this.probe) this.probe = undefined;
    } else if (result !== "neutral") {
      this.history.push(result === "failure");
      if (this.#judge(this.history)) this.#open();
    }
  }

  reset(): void {
    if (this.state !== "closed") this.#close();
    this.history = [];
    this.period += 1;
  }

  #open(): void {
    this.waitingSince = this.now;
    this.#enter("open", "opened");
  }

  #close(): void {
    this.history = [];
    this.#enter("closed", "closed");
  }

  #enter(state: BreakerState, event: string): void {
    this.state = state;
    this.period += 1;
    this.probe = undefined;
    this.transitions.push(event);
  }
}

/** A call that the breaker let in, and what the oracle says about it. */
interface Running {
  readonly settle: (outcome: Outcome) => void;
  readonly trial: Trial;
  isSettled: boolean;
}

const { signal } = new AbortController();
const refusal = new RejectedError("ERR_FULL", "full", { reason: "full" });

/** Makes a call; the function that says how it went, if it was let in. */
function start(breaker: Breaker, via: Via): Running["settle"] | undefined {
  if (via === "permit") {
    const permit = breaker.tryAcquire();
    return permit && ((result) => permit[result]());
  }
  const answer = deferred();
  const seen = { isStarted: false };
  const work = (): Promise<unknown> => {
    seen.isStarted = true;
    return answer.promise;
  };
  const call = via.endsWith("signal") ? { signal } : {};
  const result = via.startsWith("run") ? breaker.run(work, call) : breaker.layer(work)(1, call);
  result.catch(() => undefined);
  if (!seen.isStarted) return undefined;
  return (end) => {
    if (end === "success") answer.resolve(1);
    else answer.reject(end === "failure" ? new Error("down") : refusal);
  };
}

function apply(step: Command, breaker: Breaker, oracle: Oracle, clock: ManualClock, running: Running[]): void {
  if (step.type === "move") {
    clock.jump(step.ms);
    oracle.now = clock.now();
  } else if (step.type === "reset") {
    breaker.reset();
    oracle.reset();
  } else if (step.type === "acquire") {
    const [settle, trial] = [start(breaker, step.via), oracle.acquire()];
    expect(settle !== undefined).toBe(trial !== undefined);
    if (settle !== undefined && trial !== undefined) running.push({ settle, trial, isSettled: false });
  } else {
    // any call that was ever let in, those already settled included: a second word must be harmless
    const call = running[step.which % Math.max(running.length, 1)];
    if (call === undefined) return;
    call.settle(step.outcome);
    if (!call.isSettled) oracle.settle(call.trial, step.outcome);
    call.isSettled = true;
  }
}

const waits = fc.constantFrom(1, 30, 45, 100, Infinity);
const threshold = fc.integer({ min: 1, max: 4 });
const window = fc
  .integer({ min: 1, max: 6 })
  .chain((size) =>
    fc.record({ size: fc.constant(size), percent: fc.integer({ min: 1, max: 100 }), minimumCalls: fc.integer({ min: 1, max: size }) }),
  );

const trips = {
  "consecutive failures": threshold.map((count) => ({
    trip: consecutiveFailures(count),
    judge: (history: readonly boolean[]) => history.length >= count && history.slice(-count).every((isFailure) => isFailure),
  })),
  "a count window": window.map(({ size, percent, minimumCalls }) => ({
    trip: countWindow({ size, failureRatio: percent / 100, minimumCalls }),
    judge: (history: readonly boolean[]) => {
      const last = history.slice(-size);
      const failures = last.filter((isFailure) => isFailure).length;
      return last.length >= minimumCalls && failures * 100 >= percent * last.length;
    },
  })),
};

const tripAndWaits = Object.entries(trips).map(([name, arbitrary]) => ({
  name,
  shape: fc.record({ of: arbitrary, breakMs: waits, probeTimeoutMs: waits }),
}));

interface Shape {
  readonly of: { readonly trip: Trip; readonly judge: Judge };
  readonly breakMs: number;
  readonly probeTimeoutMs: number;
}

/** Lives through the steps in both worlds; stops after each for whoever has to let promises continue. */
function* live({ of: { trip, judge }, breakMs, probeTimeoutMs }: Shape, steps: readonly Command[]): Generator<void, void, void> {
  const clock = new ManualClock(0);
  const breaker = new Breaker({ trip, breakMs, probeTimeoutMs, clock });
  const oracle = new Oracle(judge, breakMs, probeTimeoutMs);
  const transitions = transitionsOf(breaker);
  const running: Running[] = [];
  for (const step of steps) {
    apply(step, breaker, oracle, clock, running);
    yield;
    expect([breaker.state, breaker.retryAfterMs]).toEqual([oracle.visibleState, oracle.retryAfterMs]);
  }
  expect(transitions).toEqual(oracle.transitions);
  expect(clock.pendingTimers).toBe(0);
}

describe("whatever happens in whatever order, the breaker agrees with an oracle that keeps everything", () => {
  for (const { name, shape } of tripAndWaits) {
    it(`with ${name}, through permits`, () => {
      const steps = fc.array(commandVia("permit"), { maxLength: 80 });
      fc.assert(
        fc.property(shape, steps, (one, commands) => {
          const life = live(one, commands);
          while (life.next().done !== true);
        }),
        { numRuns: 2_000 },
      );
    });

    it(`with ${name}, through permits, run and layer at once`, async () => {
      const ways = commandVia("permit", "run", "run with signal", "layer", "layer with signal");
      await fc.assert(
        fc.asyncProperty(shape, fc.array(ways, { maxLength: 50 }), async (one, commands) => {
          const life = live(one, commands);
          while (life.next().done !== true) await settled();
        }),
        { numRuns: 200 },
      );
    });
  }
});
