import { ManualClock, settled } from "@breakwater/core/testing";
import { Health, type Contribution, type HealthChange, type HealthOptions, type HealthStatus } from "@breakwater/health";
import { afterEach, describe, expect, it, vi } from "vitest";
import { feed } from "./helpers.ts";

const clock = new ManualClock(1000);

/** A pattern that says what the test tells it to say. */
class FakePattern {
  health: Contribution;

  constructor(status: HealthStatus, reason = `pattern is ${status}`) {
    this.health = { status, reason };
  }

  say(status: HealthStatus): void {
    this.health = { status, reason: `pattern is ${status}` };
  }
}

function withContributions(contributions: NonNullable<HealthOptions["contributions"]>, options: HealthOptions = {}) {
  const health = new Health({ clock, contributions, random: () => 0.5, ...options });
  feed(health, 20); // the window says HEALTHY
  const changes: HealthChange[] = [];
  return { health, changes, listen: () => health.on("changed", (change) => changes.push(change)) };
}

afterEach(() => {
  expect(clock.pendingTimers).toBe(0);
});

describe("a contribution", () => {
  it.each<[HealthStatus, boolean, HealthStatus]>([
    ["HEALTHY", false, "HEALTHY"],
    ["DEGRADED", false, "DEGRADED"],
    ["UNHEALTHY", false, "DEGRADED"],
    ["UNKNOWN", false, "HEALTHY"],
    ["DRAINING", false, "DEGRADED"],
    ["HEALTHY", true, "HEALTHY"],
    ["DEGRADED", true, "DEGRADED"],
    ["UNHEALTHY", true, "UNHEALTHY"],
    ["UNKNOWN", true, "UNKNOWN"],
    ["DRAINING", true, "UNHEALTHY"],
  ])("that says %s, critical: %s, makes the whole %s", (said, critical, whole) => {
    const { health } = withContributions({ orders: { from: new FakePattern(said), critical } });
    expect(health.status).toBe(whole);
  });

  it("is optional unless it is said to be critical", () => {
    const { health } = withContributions({ orders: new FakePattern("UNHEALTHY", "breaker orders is open for another 800 ms") });
    expect(health.report).toMatchObject({
      status: "DEGRADED",
      reason: 'optional contribution "orders": breaker orders is open for another 800 ms',
      contributions: { orders: { status: "UNHEALTHY", critical: false, reason: "breaker orders is open for another 800 ms" } },
    });
  });

  it("is read as it is now, from an object or by a function", () => {
    const pattern = new FakePattern("HEALTHY");
    const { health } = withContributions({ one: { from: pattern, critical: true }, other: () => pattern.health });
    expect(health.status).toBe("HEALTHY");
    pattern.say("UNHEALTHY");
    expect(health.status).toBe("UNHEALTHY");
    pattern.say("HEALTHY");
    expect(health.status).toBe("HEALTHY");
  });

  it("does not vouch for a service without traffic: a breaker that was not used is closed", () => {
    const health = new Health({ clock, contributions: { orders: { from: new FakePattern("HEALTHY"), critical: true } } });
    expect(health.status).toBe("UNKNOWN");
  });

  it("can be the report of another health", () => {
    const inner = new Health({ clock });
    const { health } = withContributions({ inner: { from: () => inner.report, critical: true } });
    feed(inner, 0, 20);
    expect(health.report.reason).toBe('critical contribution "inner": error rate 100 % (20 of 20 calls in the last 60 s)');
    inner.drain();
    expect(health.report.reason).toBe('critical contribution "inner": draining');
  });

  it.each<[string, () => Contribution, string]>([
    ["throws", () => { throw new Error("broken"); }, "could not be asked: broken"],
    ["answers nothing", () => undefined as never, "could not be asked: "],
    ["answers no status", () => ({ status: "fine" as HealthStatus, reason: "" }), "did not answer a status"],
    ["answers a name that every object has", () => ({ status: "constructor" as HealthStatus, reason: "" }), "did not answer a status"],
  ])("that %s is UNKNOWN, and fails no call", (_, read, reason) => {
    const { health } = withContributions({ orders: { from: read, critical: true } });
    const { status, contributions } = health.report;
    expect(status).toBe("UNKNOWN");
    expect(contributions.orders?.status).toBe("UNKNOWN");
    expect(contributions.orders?.reason).toContain(reason);
  });

  it("that answers with a promise is UNKNOWN, and its rejection is nobody's accident", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const late = (() => Promise.reject(new Error("late"))) as unknown as () => Contribution; // as JavaScript may have it
    const { health } = withContributions({ late });
    expect(health.report.contributions.late).toEqual({ status: "UNKNOWN", critical: false, reason: "answered with a promise" });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("that looks at the very health it contributes to sees what was read before, and no endless recursion", () => {
    const reads = vi.fn();
    const health: Health = new Health({
      clock,
      minimumCalls: 1,
      contributions: {
        self: () => {
          reads();
          return health.report;
        },
      },
    });
    health.record("success");
    reads.mockClear();
    expect(health.status).toBe("HEALTHY");
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it("that makes calls fail while it is read changes the status once", () => {
    const { health, changes, listen } = withContributions({
      orders: () => {
        if (health.stats.failures === 0) feed(health, 0, 20);
        return { status: "HEALTHY", reason: "" };
      },
    });
    const unsubscribe = listen();
    expect(health.status).toBe("UNHEALTHY");
    expect(changes.map(({ from, to }) => [from, to]).every(([from, to]) => from !== to)).toBe(true);
    expect(changes.at(-1)?.to).toBe("UNHEALTHY");
    unsubscribe();
    health.stop();
  });

  it("is kept as plain data that nobody else holds", () => {
    const said = { status: "DEGRADED", reason: "ramp" } as { status: HealthStatus; reason: string };
    const { health } = withContributions({ orders: () => said });
    const { contributions } = health.report;
    said.reason = "changed";
    expect(contributions.orders?.reason).toBe("ramp");
    expect(JSON.parse(JSON.stringify(contributions))).toEqual(contributions);
  });
});

describe("polling contributions", () => {
  it("lets a listener hear of one that changes, though nobody calls and nobody reads", () => {
    const pattern = new FakePattern("HEALTHY");
    const { health, changes, listen } = withContributions({ orders: pattern });
    listen();
    health.start();
    pattern.say("UNHEALTHY");
    clock.advance(999);
    expect(changes.map(({ to }) => to)).toEqual([]);
    clock.advance(1);
    expect(changes).toEqual([{ from: "HEALTHY", to: "DEGRADED", reason: 'optional contribution "orders": pattern is UNHEALTHY' }]);
    pattern.say("HEALTHY");
    clock.advance(1000);
    expect(changes.map(({ to }) => to)).toEqual(["DEGRADED", "HEALTHY"]);
    health.stop();
  });

  it("takes one timer, shared with the checks, that does not hold the process", async () => {
    const { health } = withContributions({ orders: new FakePattern("HEALTHY") }, { checks: { db: { check: () => 1 } } });
    health.start();
    await settled();
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    health.stop();
  });

  it("holds the process only while a check is out, and by the same timer", () => {
    const { health } = withContributions(
      { orders: new FakePattern("HEALTHY") },
      { checks: { db: { check: () => new Promise(() => undefined) } } },
    );
    health.start();
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 1]);
    health.stop();
  });

  it("does not happen with an interval of Infinity, and not before the start", () => {
    const read = vi.fn((): Contribution => ({ status: "HEALTHY", reason: "" }));
    const { health } = withContributions({ orders: read }, { contributionIntervalMs: Infinity });
    read.mockClear();
    clock.advance(10_000);
    expect(read).not.toHaveBeenCalled();
    health.start();
    expect(read).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
    health.stop();
  });

  it("is not on the way of a call that changes nothing", () => {
    const read = vi.fn((): Contribution => ({ status: "HEALTHY", reason: "" }));
    const { health } = withContributions({ orders: read });
    read.mockClear();
    feed(health, 100, 1);
    expect(read).not.toHaveBeenCalled();
  });
});
