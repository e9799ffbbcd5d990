import { ManualClock } from "@breakwater/core/testing";
import { Health, type Contribution, type HealthChange, type HealthOptions, type HealthStatus } from "@breakwater/health";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readLimits } from "../src/thresholds.ts";
import { feed } from "./helpers.ts";
import { WindowOracle } from "./window-oracle.ts";

/*
 * Three of them live through the same: one that is read at every millisecond, one that is read seldom, one that somebody
 * listens to. All agree with the oracle whenever it is asked.
 */

const staleAfterMs = 90;

type Said = "HEALTHY" | "DEGRADED" | "UNHEALTHY" | "UNKNOWN";
type Command =
  | { readonly type: "calls"; readonly successes: number; readonly failures: number }
  | { readonly type: "ask"; readonly isUp: boolean }
  | { readonly type: "say"; readonly who: "critical" | "optional"; readonly status: Said }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "drain" | "undrain" | "look" };

const said = fc.constantFrom<Said>("HEALTHY", "DEGRADED", "UNHEALTHY", "UNKNOWN");
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("calls"), successes: fc.nat(6), failures: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("ask"), isUp: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("say"), who: fc.constantFrom("critical", "optional"), status: said }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("wait"), ms: fc.integer({ min: 1, max: 130 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("drain", "undrain") }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("look") }) },
);

const order: readonly HealthStatus[] = ["HEALTHY", "DEGRADED", "UNKNOWN", "UNHEALTHY"];

/** What everybody has in common: the world round the service. */
class World {
  readonly window: WindowOracle;
  readonly says: Record<"critical" | "optional", Said> = { critical: "HEALTHY", optional: "HEALTHY" };
  isUp = true;
  isDraining = false;
  #checked: { readonly isUp: boolean; readonly at: number } | undefined;

  constructor(limits: HealthOptions) {
    this.window = new WindowOracle(readLimits(limits));
  }

  ask(): void {
    this.#checked = { isUp: this.isUp, at: this.window.now };
  }

  get status(): HealthStatus {
    if (this.isDraining) return "DRAINING";
    const isKnown = this.#checked !== undefined && this.window.now - this.#checked.at < staleAfterMs;
    const check = !isKnown ? "UNKNOWN" : this.#checked?.isUp === true ? "HEALTHY" : "UNHEALTHY";
    const window = this.window.verdict === "UNKNOWN" && isKnown ? "HEALTHY" : this.window.verdict;
    const optional = this.says.optional === "DEGRADED" || this.says.optional === "UNHEALTHY" ? "DEGRADED" : "HEALTHY";
    const parts: readonly HealthStatus[] = [window, check, this.says.critical, optional];
    return order[Math.max(...parts.map((status) => order.indexOf(status)))] ?? "UNKNOWN";
  }
}

function healthIn(world: World, options: HealthOptions) {
  const clock = new ManualClock(0);
  const say = (who: "critical" | "optional") => (): Contribution => ({ status: world.says[who], reason: who });
  const health = new Health({
    ...options,
    clock,
    windowMs: 100,
    staleAfterMs,
    checks: { db: { check: () => world.isUp } },
    contributions: { critical: { from: say("critical"), critical: true }, optional: say("optional") },
  });
  return { clock, health };
}

type Subject = ReturnType<typeof healthIn>;

function look(health: Health): HealthStatus {
  return health.status;
}

async function apply(step: Command, { clock, health }: Subject, isWatched: boolean): Promise<void> {
  if (step.type === "calls") {
    feed(health, step.successes, step.failures);
  } else if (step.type === "ask") {
    await health.check();
  } else if (step.type === "drain" || step.type === "undrain") {
    health[step.type]();
  } else if (step.type === "wait") {
    for (let ms = 0; isWatched && ms < step.ms; ms += 1) {
      clock.advance(1);
      look(health);
    }
    if (!isWatched) clock.advance(step.ms);
  }
}

function imagine(step: Command, world: World): void {
  if (step.type === "calls") {
    world.window.add(step.successes, step.failures);
  } else if (step.type === "ask") {
    world.isUp = step.isUp;
    world.ask();
  } else if (step.type === "say") {
    world.says[step.who] = step.status;
  } else if (step.type === "wait") {
    world.window.wait(step.ms);
  } else if (step.type !== "look") {
    world.isDraining = step.type === "drain";
  }
}

const limits = fc.record({
  minimumCalls: fc.integer({ min: 1, max: 6 }),
  degradedRatio: fc.constantFrom(0, 0.1, 0.2),
  leaveDegradedRatio: fc.constantFrom(0, undefined),
  unhealthyRatio: fc.constantFrom(0.2, 0.4),
  dwellMs: fc.constantFrom(0, 10, 45, 150),
  keepVerdictMs: fc.constantFrom(0, 60, Infinity),
});

it("status follows calls, checks, patterns, drains and time, as an oracle says, whoever looks how often", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30 }), limits, async (steps, options) => {
      const world = new World(options);
      const [watched, alone, heard] = [healthIn(world, options), healthIn(world, options), healthIn(world, options)];
      const changes: HealthChange[] = [];
      heard.health.on("changed", (change) => changes.push(change));
      for (const step of [...steps, { type: "look" } as const]) {
        imagine(step, world);
        await Promise.all([apply(step, watched, true), apply(step, alone, false), apply(step, heard, false)]);
        if (step.type === "say") look(heard.health); // nobody hears a pattern that is not asked
        const expected = world.status;
        expect(watched.health.status).toBe(expected);
        expect(changes.at(-1)?.to ?? "UNKNOWN").toBe(expected);
        if (step.type === "look") expect(alone.health.status).toBe(expected);
        expect(heard.health.readiness().status).toBe(expected === "HEALTHY" || expected === "DEGRADED" ? 200 : 503);
      }
      for (const [index, { from, to }] of changes.entries()) expect([from, to]).not.toEqual([to, changes[index - 1]?.to ?? "UNKNOWN"]);
      for (const { clock, health } of [watched, alone, heard]) {
        health.stop();
        expect(clock.pendingTimers).toBe(0);
      }
    }),
    { numRuns: 120 },
  );
});
