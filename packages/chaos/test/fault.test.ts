import { isRejected, outcomeOfError, type Call } from "@breakwater/core";
import { ChaosError, injectFault, weighted } from "@breakwater/chaos";
import { describe, expect, it } from "vitest";
import { echo, fate } from "./helpers.ts";

describe("an injected fault", () => {
  it("is a new ChaosError each time, which counts as a failure and not as a refusal", async () => {
    const { service, calls } = echo();
    const flaky = injectFault({ rate: 1, name: "orders" })(service);
    const error = await fate(flaky("a", {}));
    expect(error).toBeInstanceOf(ChaosError);
    expect(error).toMatchObject({ name: "ChaosError", code: "ERR_CHAOS_INJECTED", source: "orders", message: "a fault injected by orders" });
    expect(isRejected(error)).toBe(false);
    expect(outcomeOfError(error, {})).toBe("failure");
    expect(await fate(flaky("a", {}))).not.toBe(error);
    expect(calls).toEqual([]);
    expect(new ChaosError().message).toBe("an injected fault");
  });

  it("is thrown as it was given, whatever it is", async () => {
    for (const given of [new Error("503"), "text", 0, false, null, { status: 503 }, Symbol("odd")]) {
      expect(await fate(injectFault({ rate: 1, error: given })(echo().service)("a", {}))).toBe(given);
    }
  });

  it("can be made for each call, and one that is thrown in making is the fault", async () => {
    const call = {};
    const made = injectFault({ rate: 1, error: (input: string, given: Call) => ({ input, isSame: given === call }) });
    expect(await fate(made(echo().service)("a", call))).toEqual({ input: "a", isSame: true });
    const thrown = new Error("thrown");
    const throwing = injectFault({ rate: 1, error: () => { throw thrown; } }); // prettier-ignore
    expect(await fate(throwing(echo().service)("a", call))).toBe(thrown);
    expect(throwing.stats.injected).toBe(1);
  });

  it("can be one of several, as often as the weights say, the same ones for the same seed", async () => {
    const error = weighted([
      { weight: 3, value: "reset" },
      { weight: 1, value: () => "made" },
      { weight: 0, value: "never" },
    ]);
    const faults = async (seed: number): Promise<unknown[]> => {
      const service = injectFault({ rate: 1, seed, error })(echo().service);
      return Promise.all(Array.from({ length: 2_000 }, () => fate(service("a", {}))));
    };
    const first = await faults(1);
    expect(first).toEqual(await faults(1));
    expect(first).not.toEqual(await faults(2));
    expect(new Set(first)).toEqual(new Set(["reset", "made"]));
    expect(first.filter((fault) => fault === "made").length / 2_000).toBeCloseTo(0.25, 1);
  });

  it("after the work loses the answer of what was done", async () => {
    const { service, calls } = echo();
    const layer = injectFault({ rate: 1, error: "reset", position: "after" });
    expect(await fate(layer(service)("a", {}))).toBe("reset");
    expect(calls).toHaveLength(1);
    expect(layer.stats.injected).toBe(1);
  });

  it("after work that fails by itself leaves it its own error, and counts nothing", async () => {
    const own = new Error("the work's own");
    const layer = injectFault({ rate: 1, error: "reset", position: "after" });
    expect(await fate(layer(() => Promise.reject(own))("a", {}))).toBe(own);
    const throwing = (): never => {
      throw own;
    };
    expect(await fate(layer(throwing)("a", {}))).toBe(own);
    expect(layer.stats).toEqual({ calls: 2, injected: 0 });
  });

  it("goes round a piece of work as well", async () => {
    expect(await fate(injectFault({ rate: 1, error: "boom" }).run(() => "fine"))).toBe("boom");
    const picky = injectFault({ rate: 1, error: "boom", when: (input: string) => input === "a" });
    expect(await fate(picky.run(() => "fine", {}, "a"))).toBe("boom");
    expect(await picky.run(() => "fine", {}, "b")).toBe("fine");
    expect(picky.draw({}, "a")).toBe(true);
  });
});

describe("weighted", () => {
  it("refuses lists that nothing can be picked from", () => {
    expect(() => weighted([])).toThrow("the weights of choices must have a sum above 0, got 0");
    expect(() => weighted([{ weight: 0, value: 1 }])).toThrow(RangeError);
    expect(() => weighted([{ weight: -1, value: 1 }])).toThrow("choices[0].weight must be a number from 0");
    expect(() => weighted([{ weight: Infinity, value: 1 }])).toThrow("choices[0].weight");
    expect(() => weighted("ab" as never)).toThrow("choices must be an array, got string");
  });

  it("keeps its own list, and picks the last one where the dice say 1", () => {
    const choices = [{ weight: 1, value: "a" }, { weight: 1, value: "b" }, { weight: 0, value: "c" }];
    const choice = weighted(choices);
    choices.length = 0;
    expect([0, 0.49, 0.5, 0.99, 1].map((dice) => choice.pick(() => dice))).toEqual(["a", "a", "b", "b", "b"]);
  });
});
