import { ManualClock, settled } from "@breakwater/core/testing";
import { Health, type HealthStatus } from "@breakwater/health";
import fc from "fast-check";
import { expect, it } from "vitest";
import { FakeCheck } from "./helpers.ts";

const timeoutMs = 50;
const intervalMs = 30;
const staleAfterMs = 90;

type Command =
  | { readonly type: "ask" | "start" | "stop" | "lateAnswer" }
  | { readonly type: "answer"; readonly isFine: boolean }
  | { readonly type: "wait"; readonly ms: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("ask", "start", "stop", "lateAnswer") }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("answer"), isFine: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("wait"), ms: fc.integer({ min: 1, max: 120 }) }) },
);

/** One check, a millisecond at a time. */
class Oracle {
  now = 0;
  runs = 0;
  startedAt: number | undefined;
  result: { isFine: boolean; at: number } | undefined;
  isPolling = false;

  ask(): void {
    if (this.startedAt !== undefined) return;
    this.startedAt = this.now;
    this.runs += 1;
  }

  start(): void {
    if (!this.isPolling) this.ask();
    this.isPolling = true;
  }

  stop(): void {
    this.isPolling = false;
    this.startedAt = undefined;
  }

  answer(isFine: boolean): void {
    if (this.startedAt === undefined) return;
    this.startedAt = undefined;
    this.result = { isFine, at: this.now };
  }

  tick(): void {
    this.now += 1;
    if (this.startedAt !== undefined && this.now >= this.startedAt + timeoutMs) this.answer(false);
    const isDue = this.result !== undefined && this.now >= this.result.at + intervalMs;
    if (this.isPolling && isDue) this.ask();
  }

  get status(): HealthStatus {
    if (this.result === undefined || this.now - this.result.at >= staleAfterMs) return "UNKNOWN";
    return this.result.isFine ? "HEALTHY" : "UNHEALTHY";
  }
}

async function apply(step: Command, oracle: Oracle, health: Health, fake: FakeCheck, clock: ManualClock): Promise<void> {
  if (step.type === "wait") {
    for (let ms = 0; ms < step.ms; ms += 1) oracle.tick();
    await clock.advanceAsync(step.ms);
  } else if (step.type === "answer") {
    if (oracle.startedAt !== undefined) fake.run(oracle.runs - 1).resolve(step.isFine);
    oracle.answer(step.isFine);
  } else if (step.type === "lateAnswer") {
    // every run but the one that is out: answers that nobody waits for
    const gone = oracle.startedAt === undefined ? fake.runs : fake.runs.slice(0, -1);
    for (const [index, run] of gone.entries()) if (index % 2 === 0) run.resolve("late"); else run.reject(new Error("late"));
  } else {
    oracle[step.type]();
    if (step.type === "ask") void health.check();
    else health[step.type]();
  }
  await settled();
}

it("a check agrees with an oracle that lives a millisecond at a time, whoever asks, answers, starts and stops", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.boolean(), async (steps, isHeard) => {
      const clock = new ManualClock(0);
      const fake = new FakeCheck();
      const health = new Health({ clock, staleAfterMs, random: () => 0.5, checks: { db: { check: fake.check, timeoutMs, intervalMs } } });
      let heard: HealthStatus = "UNKNOWN";
      const unsubscribe = isHeard ? health.on("changed", ({ from, to }) => {
        expect(from).toBe(heard);
        heard = to;
      }) : () => undefined;
      const oracle = new Oracle();
      let isStopped = false;
      for (const step of steps) {
        await apply(step, oracle, health, fake, clock);
        if (step.type === "start" || step.type === "stop") isStopped = step.type === "stop";
        if (isHeard && !isStopped) expect(heard).toBe(oracle.status);
        expect(health.status).toBe(oracle.status);
        expect(fake.runs.length).toBe(oracle.runs);
        expect(health.stats.checking).toBe(oracle.startedAt === undefined ? 0 : 1);
        if (isHeard) expect(heard).toBe(oracle.status);
      }
      health.stop();
      expect(clock.pendingTimers).toBe(0);
      unsubscribe();
    }),
    { numRuns: 80 },
  );
});
