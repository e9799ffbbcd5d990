import { ManualClock } from "@breakwater/core/testing";
import { giveUpOf, Retry, RetryBudget, type RetryOptions } from "@breakwater/retry";
import { describe, expect, it, vi } from "vitest";
import { after, broken, errorOf, failing, makeRetry } from "./helpers.ts";

describe("giveUpOf", () => {
  it("says why a retry let an error through, and after how many attempts, on the error itself, which is untouched", async () => {
    const { retry, clock } = makeRetry();
    const error = Object.freeze(new Error("down"));
    await after(clock, 1_000, retry.run(broken(error)));
    expect(giveUpOf(error)).toEqual({ reason: "attempts", attempts: 3, errors: undefined });
    expect(Reflect.ownKeys(error).sort()).toEqual(["message", "stack"]);
  });

  it("says so of a budget that is used up, whose caller gets the last error as it was", async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0, clock: new ManualClock() });
    const { retry } = makeRetry({ budget });
    const error = new Error("down");
    expect(await errorOf(retry.run(broken(error)))).toBe(error);
    expect(giveUpOf(error)).toMatchObject({ reason: "budget", attempts: 1 });
  });

  it("says so of a deadline", async () => {
    const { retry } = makeRetry();
    const error = new Error("down");
    await errorOf(retry.run(broken(error), { deadlineAt: 1_010 }));
    expect(giveUpOf(error)).toMatchObject({ reason: "deadline", attempts: 1 });
  });

  it("says nothing of an error that was none to be retried, nor of a retry with one attempt", async () => {
    for (const options of [{ retryIf: () => false }, { attempts: 1 }]) {
      const error = new Error("down");
      await errorOf(makeRetry(options).retry.run(broken(error)));
      expect(giveUpOf(error)).toBeUndefined();
    }
  });

  it.each([undefined, null, "text", 1, Symbol("s"), {}, () => undefined])("takes anything: %s", (error) => {
    expect(giveUpOf(error)).toBeUndefined();
  });

  it("has the errors of the earlier attempts, where they are to be kept, and no more than a hundred", async () => {
    const { retry, clock } = makeRetry({ keepErrors: true });
    const last = new Error("third");
    await after(clock, 1_000, retry.run(failing("first", undefined, last)));
    expect(giveUpOf(last)?.errors).toEqual(["first", undefined]);

    const many = makeRetry({ keepErrors: true, attempts: 200, backoff: () => 0 });
    const errors = Array.from({ length: 200 }, (_, index) => ({ index }));
    await after(many.clock, 0, many.retry.run(failing(...errors)));
    expect(giveUpOf(errors[199])?.errors).toEqual(errors.slice(99, 199));
  });

  it("is shared by all copies of the module", async () => {
    vi.resetModules();
    const copy = await import("@breakwater/retry");
    expect(copy.Retry).not.toBe(Retry);
    const { retry, clock } = makeRetry();
    const error = new Error("down");
    await after(clock, 1_000, retry.run(broken(error)));
    expect(copy.giveUpOf(error)).toMatchObject({ reason: "attempts" });
    const outer = new copy.Retry({ clock });
    const work = broken(error);
    expect(await after(clock, 10_000, outer.run(() => retry.run(work)))).toEqual({ status: "rejected", reason: error });
    expect(work.count).toBe(3);
  });
});

describe("retries inside retries", () => {
  async function attemptsOf(outer: RetryOptions, inner: RetryOptions, error: unknown): Promise<number> {
    const clock = new ManualClock();
    const options = { clock, budget: false as const, backoff: () => 10 };
    const work = broken(error);
    const service = new Retry({ ...options, ...outer }).layer(new Retry({ ...options, ...inner }).layer(work));
    expect(await after(clock, 10_000, service(undefined, {}))).toEqual({ status: "rejected", reason: error });
    return work.count;
  }

  it("do not multiply: what the inner one gave up on the outer one lets pass, though its retryIf likes the error", async () => {
    expect(await attemptsOf({}, {}, new Error("down"))).toBe(3);
    expect(await attemptsOf({ retryIf: () => true }, {}, new Error("down"))).toBe(3);
    expect(await attemptsOf({}, { idempotent: false }, new Error("down"))).toBe(1);
  });

  it("do where the outer one says so", async () => {
    expect(await attemptsOf({ retryIf: () => "anyway" }, {}, new Error("down"))).toBe(9);
    const seen = vi.fn((_error: unknown, { giveUp }: { readonly giveUp: unknown }): "anyway" | false => (giveUp === undefined ? false : "anyway"));
    expect(await attemptsOf({ retryIf: seen }, {}, new Error("down"))).toBe(9);
    expect(seen.mock.calls[0]?.[1].giveUp).toMatchObject({ reason: "attempts", attempts: 3 });
  });

  it("an inner one that is not retrying at all leaves it to the outer one", async () => {
    expect(await attemptsOf({}, { attempts: 1 }, new Error("down"))).toBe(3);
    expect(await attemptsOf({}, { retryIf: () => false }, new Error("down"))).toBe(3);
  });

  it("an error object that is thrown again and again is not taken for given up because an earlier call was", async () => {
    const error = new Error("the one that the client keeps");
    expect(await attemptsOf({}, {}, error)).toBe(3);
    const { retry, clock } = makeRetry();
    const work = broken(error);
    await after(clock, 1_000, retry.run(work));
    expect(work.count).toBe(3);
  });

  it("a mark that was made between two attempts does not count for the second", async () => {
    const error = new Error("shared");
    const { retry, clock } = makeRetry();
    const other = makeRetry({ clock, backoff: () => 10 });
    const work = broken(error);
    const result = retry.run(work);
    await after(clock, 50, other.retry.run(broken(error))); // gives up after 20 ms, while the first one waits
    expect(giveUpOf(error)).toBeDefined();
    await after(clock, 1_000, result);
    expect(work.count).toBe(3);
  });
});
