import { peakEwma } from "@breakwater/balancer";
import type { Call } from "@breakwater/core";
import { describe, expect, it } from "vitest";
import { pickOf, statsOf, tally, world, type World } from "./helpers.ts";

/** One call at that endpoint that takes so long. */
function call({ balancer, clock }: World, key: string, ms: number, end: "success" | "failure" | "cancel" = "success", error?: unknown): void {
  const pick = pickOf(balancer, key);
  clock.advance(ms);
  pick[end](error);
}

const loadOf = ({ balancer }: World, key: string): number => statsOf(balancer, key).load;

describe("peak EWMA", () => {
  it("a slow answer is believed at once, a quick one little by little", () => {
    const w = world(1);
    call(w, "a", 10);
    expect(loadOf(w, "a")).toBe(10);
    call(w, "a", 100);
    expect(loadOf(w, "a")).toBe(100);
    call(w, "a", 10); // 10 ms after the other: w = e^(-10/10000)
    expect(loadOf(w, "a")).toBeCloseTo(100 * Math.exp(-0.001) + 10 * (1 - Math.exp(-0.001)), 9);
  });

  it("fades while nobody looks, and looking changes nothing", () => {
    const w = world(1);
    call(w, "a", 100);
    for (let i = 0; i < 10; i += 1) {
      w.clock.advance(1_000);
      loadOf(w, "a");
    }
    expect(loadOf(w, "a")).toBeCloseTo(100 / Math.E, 9);
  });

  it("what is in flight counts times what a call costs", () => {
    const w = world(1);
    call(w, "a", 10);
    w.balancer.pick();
    w.balancer.pick();
    expect(loadOf(w, "a")).toBe(30);
  });

  it("one without history is tried once, and then avoided until it answers", () => {
    const w = world(2);
    call(w, "a", 10);
    const first = w.balancer.pick();
    expect(first.value).toBe("b");
    expect(tally(w.balancer, 50, () => undefined)).toEqual({ a: 50 });
    w.clock.advance(5);
    first.success();
    expect(w.balancer.pick().value).toBe("b");
  });

  it("news that is too old is none: no herd to one that was silent for long", () => {
    const w = world(2);
    call(w, "b", 10);
    w.clock.advance(60_000);
    call(w, "a", 10);
    const first = w.balancer.pick();
    expect(first.value).toBe("b");
    expect(tally(w.balancer, 50, () => undefined)).toEqual({ a: 50 });
  });

  it("failing fast does not attract: a failure costs the penalty", () => {
    const w = world(2);
    call(w, "a", 20);
    call(w, "b", 1, "failure");
    expect(loadOf(w, "b")).toBe(1_000);
    expect(tally(w.balancer, 100)).toEqual({ a: 100 });
  });

  it("a failure costs what it took if that is more, and what it asks for up to the limit", () => {
    const w = world(1);
    call(w, "a", 3_000, "failure");
    expect(loadOf(w, "a")).toBe(3_000);
    call(w, "a", 0, "failure", { retryAfterMs: 60_000 });
    expect(loadOf(w, "a")).toBe(60_000);
    call(w, "a", 0, "failure", { retryAfterMs: 10_000_000 });
    expect(loadOf(w, "a")).toBe(300_000);
    const plain = world(1, { policy: peakEwma({ failurePenaltyMs: 0 }) });
    call(plain, "a", 2, "failure", { retryAfterMs: "soon" });
    expect(loadOf(plain, "a")).toBe(2);
  });

  it("a call that was cancelled raises the cost, and never lowers it", () => {
    const w = world(1);
    call(w, "a", 50);
    call(w, "a", 5, "cancel");
    expect(loadOf(w, "a")).toBeGreaterThan(49);
    call(w, "a", 200, "cancel");
    expect(loadOf(w, "a")).toBe(200);
  });

  it("a release says nothing at all", () => {
    const w = world(1);
    call(w, "a", 50);
    const pick = w.balancer.pick();
    pick.release();
    expect(loadOf(w, "a")).toBe(50);
    const fresh = world(1);
    fresh.balancer.pick().release();
    expect(loadOf(fresh, "a")).toBe(0); // still without history
  });

  it("a clock that goes back neither makes time negative nor the load grow", () => {
    const w = world(1);
    call(w, "a", 50);
    w.clock.jump(-40_000);
    expect(loadOf(w, "a")).toBe(50);
    call(w, "a", 10);
    expect(loadOf(w, "a")).toBeLessThan(50);
    expect(loadOf(w, "a")).toBeGreaterThan(49);
  });

  it("long polls count neither by their duration nor as in flight", () => {
    interface Polling extends Call {
      readonly poll?: boolean;
    }
    const w = world(1, { isLongPoll: ({ poll }: Polling) => poll === true });
    call(w, "a", 10);
    const polling: Polling = { poll: true };
    const poll = w.balancer.pick(polling);
    expect(statsOf(w.balancer, "a")).toMatchObject({ pending: 1, load: 10 });
    w.clock.advance(5_000);
    poll.success();
    expect(loadOf(w, "a")).toBeLessThan(10);
    w.balancer.pick(polling).failure(); // but a failure is one
    expect(loadOf(w, "a")).toBe(1_000);
  });

  it("a clock too coarse to see durations still levels what is in flight", () => {
    const w = world(4);
    tally(w.balancer, 20);
    for (const count of Object.values(tally(w.balancer, 100, () => undefined))) expect(Math.abs(count - 25)).toBeLessThanOrEqual(3);
  });

  it("sends little to a slow one, and by weight to those that are alike", () => {
    const w = world(3);
    for (const [key, ms] of [["a", 10], ["b", 10], ["c", 100]] as const) call(w, key, ms);
    const counts = tally(w.balancer, 210, () => undefined);
    expect(counts.a).toBeGreaterThan(90);
    expect(counts.c).toBeLessThan(15);
  });

  it("Infinity never forgets", () => {
    const w = world(1, { policy: peakEwma({ decayMs: Infinity }) });
    call(w, "a", 50);
    w.clock.advance(1e9);
    expect(loadOf(w, "a")).toBe(50);
  });

  it.each([[{ decayMs: 0 }, "decayMs"], [{ failurePenaltyMs: -1 }, "failurePenaltyMs"], [{ maxRetryAfterMs: NaN }, "maxRetryAfterMs"]])("%o is refused", (options, word) => {
    expect(() => peakEwma(options)).toThrow(word);
  });
});
