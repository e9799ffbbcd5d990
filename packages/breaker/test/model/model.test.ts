import { RejectedError, type Clock, type Timer } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Breaker, exponentialBreak, type FailureVerdict, type Isolation, type Verdict } from "@breakwater/breaker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deferred, transitionsOf } from "../helpers.ts";
import { trippings } from "./judges.ts";
import { Oracle, type Shape, type Trial } from "./oracle.ts";

/**
 * A clock that jumps, and notes how much time whoever reads it has seen go by: what lies between two readings, if that is not
 * negative. It is the only time that both worlds share.
 */
class SeenClock implements Clock {
  readonly inner = new ManualClock(50_000);
  seenMs = 0;
  #last: number | undefined;

  now(): number {
    const now = this.inner.now();
    this.seenMs += Math.max(0, now - (this.#last ?? now));
    this.#last = now;
    return now;
  }

  setTimer(): Timer {
    throw new Error("a breaker sets no timer");
  }
}

type Via = "permit" | "run" | "run with signal" | "layer" | "layer with signal";

type Command =
  | { readonly type: "acquire"; readonly via: Via }
  | { readonly type: "settle"; readonly which: number; readonly verdict: Verdict; readonly toldMs?: number | undefined }
  | { readonly type: "move"; readonly ms: number }
  | { readonly type: "forceOpen"; readonly ms: number }
  | { readonly type: "reset" | "isolate" | "disable" | "observe" | "enable" }
  | { readonly type: "release"; readonly which: number };

const plain = fc.constantFrom<Verdict>("success", "success", "failure", "failure", "failure", "neutral");

const failures: fc.Arbitrary<FailureVerdict> = fc.record(
  {
    outcome: fc.constant("failure" as const),
    fault: fc.constantFrom("local" as const, "remote" as const),
    retryAfterMs: fc.constantFrom(0, 20, 500),
    tripForMs: fc.constantFrom(0, 15, 200, Infinity),
  },
  { requiredKeys: ["outcome"] },
);

// Only a permit can be told; mostly it is not.
const durations = fc.constantFrom(undefined, undefined, undefined, 0, 9, 35, 1_000);

const told = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: failures });

function commands(verdict: fc.Arbitrary<Verdict>, ...ways: Via[]): fc.Arbitrary<Command> {
  const of = <Type extends string>(type: Type): fc.Arbitrary<{ readonly type: Type }> => fc.record({ type: fc.constant(type) });
  return fc.oneof(
    { weight: 10, arbitrary: fc.record({ type: fc.constant("acquire" as const), via: fc.constantFrom(...ways) }) },
    { weight: 10, arbitrary: fc.record({ type: fc.constant("settle" as const), which: fc.nat(20), verdict, toldMs: durations }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant("move" as const), ms: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("move" as const), ms: fc.constantFrom(-1e12, -45, -1, 1e12) }) },
    { weight: 1, arbitrary: of("reset") },
    { weight: 1, arbitrary: fc.oneof(of("isolate"), of("disable"), of("observe"), of("enable"), of("enable")) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("release" as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("forceOpen" as const), ms: fc.constantFrom(0, 30, Infinity) }) },
  );
}

/** A call that the breaker let in, and what the oracle says about it. */
interface Running {
  readonly settle: (verdict: Verdict, toldMs: number | undefined) => void;
  readonly via: Via;
  readonly trial: Trial;
  isSettled: boolean;
}

const { signal } = new AbortController();
const refusal = new RejectedError("ERR_FULL", "full", { reason: "full" });

/** Makes a call; the function that says how it went, or undefined when it was refused. */
function start(breaker: Breaker, via: Via): Running["settle"] | undefined {
  if (via === "permit") {
    const permit = breaker.tryAcquire();
    return permit && ((verdict, toldMs) => {
      if (verdict === "success" || verdict === "neutral") permit[verdict](toldMs);
      else permit.failure(undefined, toldMs);
    });
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
  return (verdict) => {
    if (verdict === "success") answer.resolve(1);
    else answer.reject(verdict === "neutral" ? refusal : { verdict });
  };
}

class World {
  readonly clock = new SeenClock();
  readonly breaker: Breaker;
  readonly oracle: Oracle;
  readonly transitions: string[];
  readonly #running: Running[] = [];
  readonly #isolations: (Isolation | undefined)[] = [];

  constructor(shape: Shape, isTelling: boolean) {
    const { of, breakMs, isGrowing, requiredSuccesses, probes, ...rest } = shape;
    this.breaker = new Breaker({
      ...rest,
      trip: of.trip,
      breakMs: isGrowing && breakMs < Infinity ? exponentialBreak({ initialMs: breakMs, maxMs: Infinity, jitter: 0 }) : breakMs,
      probes,
      probeSuccessRatio: requiredSuccesses / probes,
      clock: this.clock,
      ...(isTelling && {
        classify: (result) => (result.status === "rejected" ? (result.reason as { verdict?: Verdict } | undefined)?.verdict : undefined),
      }),
    });
    this.oracle = new Oracle(shape);
    this.transitions = transitionsOf(this.breaker);
  }

  apply(step: Command): void {
    if (step.type === "move") this.clock.inner.jump(step.ms);
    else if (step.type === "acquire") this.#acquire(step.via);
    else if (step.type === "settle") this.#settle(step.which, step.verdict, step.toldMs);
    else if (step.type === "forceOpen") this.#both(() => this.breaker.forceOpen(step.ms), () => this.oracle.open(step.ms));
    else if (step.type === "reset") this.#both(() => this.breaker.reset(), () => this.oracle.reset());
    else if (step.type === "isolate") this.#isolate();
    else if (step.type === "release") this.#release(step.which);
    else {
      this.breaker[step.type]();
      this.oracle.mode = ({ disable: "disabled", observe: "observing", enable: "auto" } as const)[step.type];
    }
  }

  check(): void {
    const { state, retryAfterMs, stats } = this.breaker;
    this.oracle.now = this.clock.seenMs;
    expect([state, retryAfterMs, stats.level]).toEqual([this.oracle.state, this.oracle.retryAfterMs, this.oracle.level]);
    expect(this.transitions).toEqual(this.oracle.transitions);
  }

  /** The breaker first: it is its reading of the clock that makes time go on for the oracle. */
  #both<A, B>(ours: () => A, oracles: () => B): readonly [A, B] {
    const a = ours();
    this.oracle.now = this.clock.seenMs;
    return [a, oracles()];
  }

  #acquire(via: Via): void {
    const [settle, trial] = this.#both(() => start(this.breaker, via), () => this.oracle.acquire());
    expect(settle !== undefined).toBe(typeof trial !== "string");
    if (settle !== undefined && typeof trial !== "string") this.#running.push({ settle, via, trial, isSettled: false });
  }

  #settle(which: number, verdict: Verdict, toldMs: number | undefined): void {
    // any call that was ever let in, those already settled included: a second word must be harmless
    const call = this.#running[which % Math.max(this.#running.length, 1)];
    if (call === undefined) return;
    const isNew = !call.isSettled;
    call.isSettled = true;
    this.pending = () => {
      this.oracle.now = this.clock.seenMs;
      if (isNew) this.oracle.settle(call.trial, verdict, call.via === "permit" ? toldMs : undefined);
    };
    call.settle(verdict, toldMs);
  }

  /** What the oracle has to do when promises have continued. */
  pending: (() => void) | undefined;

  #isolate(): void {
    this.#isolations.push(this.breaker.isolate());
    this.oracle.holders += 1;
  }

  #release(which: number): void {
    const index = which % Math.max(this.#isolations.length, 1);
    const isolation = this.#isolations[index];
    if (isolation === undefined) return;
    this.#isolations[index] = undefined;
    this.oracle.holders -= 1;
    this.#both(() => isolation.release(), () => {
      if (this.oracle.holders === 0) this.oracle.resume();
    });
  }
}

/** Lives through the steps in both worlds; stops after each for whoever has to let promises continue. */
function* live(shape: Shape, steps: readonly Command[], isTelling: boolean): Generator<void, void, void> {
  const world = new World(shape, isTelling);
  for (const step of steps) {
    world.apply(step);
    yield;
    world.pending?.();
    world.pending = undefined;
    world.check();
  }
}

const waits = fc.constantFrom(1, 30, 45, 100, Infinity);

const shapes = (of: Shape["of"]): fc.Arbitrary<Shape> =>
  fc.integer({ min: 1, max: 4 }).chain((probes) =>
    fc.record({
      of: fc.constant(of),
      breakMs: waits,
      isGrowing: fc.boolean(),
      decayMs: fc.constantFrom(0, 25, 80, Infinity),
      probes: fc.constant(probes),
      requiredSuccesses: fc.integer({ min: 1, max: probes }),
      probeTimeoutMs: waits,
      rampMs: fc.constantFrom(0, 0, 50, 120),
      rampFrom: fc.constantFrom(0.1, 0.25, 1),
    }),
  );

// Ten thousand where it counts; a developer who waits for a result gets the rest from the seeds of the next run.
const isCi = process.env.CI !== undefined && process.env.BREAKWATER_BUILT !== "1"; // the built ones are the same code

describe("whatever happens in whatever order, the breaker agrees with an oracle that keeps everything", () => {
  for (const [name, tripping] of Object.entries(trippings)) {
    it(`with ${name}, through permits`, { timeout: 120_000 }, () => {
      const steps = fc.array(commands(plain, "permit"), { maxLength: 60, size: "max" });
      fc.assert(
        fc.property(tripping.chain(shapes), steps, (shape, all) => {
          const life = live(shape, all, false);
          while (life.next().done !== true);
        }),
        { numRuns: isCi ? 10_000 : 1_500 },
      );
    });

    it(`with ${name}, through run and layer, told more by classify`, { timeout: 120_000 }, async () => {
      const ways = commands(told, "run", "run with signal", "layer", "layer with signal");
      await fc.assert(
        fc.asyncProperty(tripping.chain(shapes), fc.array(ways, { maxLength: 40, size: "max" }), async (shape, all) => {
          const life = live(shape, all, true);
          while (life.next().done !== true) await settled();
        }),
        { numRuns: isCi ? 500 : 150 },
      );
    });
  }
});
