import { isRejected, type Call } from "@breakwater/core";
import { BreakerOpenError } from "@breakwater/breaker";
import { describe, expect, it, vi } from "vitest";
import { errorOf, fail, makeBreaker, rejecting, throwing } from "./helpers.ts";

describe("a refusal", () => {
  it("says who, why and until when, with a name and code of its own (G1)", async () => {
    const { breaker, clock } = makeBreaker({ name: "orders" });
    const cause = new Error("connection refused");
    fail(breaker, cause);
    clock.jump(29.5);
    const error = await errorOf(breaker.run(() => 1));
    expect(error).toBeInstanceOf(BreakerOpenError);
    expect(isRejected(error)).toBe(true);
    expect(error).toMatchObject({
      name: "BreakerOpenError",
      code: "ERR_BREAKER_OPEN",
      reason: "open",
      retryAfterMs: 70.5,
      source: "orders",
      message: "breaker orders is open for another 71 ms",
      cause,
    });
    expect(String(error)).toBe("BreakerOpenError: breaker orders is open for another 71 ms");
  });

  it("while a probe is out knows no time, but still the failure that opened it", async () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker, "down");
    clock.jump(100);
    breaker.tryAcquire();
    expect(breaker.retryAfterMs).toBeUndefined();
    const error = await errorOf(breaker.layer(async () => 1)(1, {}));
    expect(error).toMatchObject({ reason: "half-open", retryAfterMs: undefined, cause: "down" });
    expect(String(error)).toBe("BreakerOpenError: breaker is half-open and its probes are out");
  });

  it("is a new error each time, with the same cause (G5)", async () => {
    const { breaker } = makeBreaker();
    const cause = new Error("down");
    fail(breaker, cause);
    const [one, other] = [await errorOf(breaker.run(() => 1)), await errorOf(breaker.run(() => 1))] as [Error, Error];
    expect(one).not.toBe(other);
    expect(one.cause).toBe(cause);
    expect(other.cause).toBe(cause);
    expect(Object.keys(cause)).toEqual([]);
  });

  it("captures no stack, and leaves the stack limit as it was (I2)", async () => {
    const { breaker } = makeBreaker();
    fail(breaker);
    const limit = Error.stackTraceLimit;
    const error = (await errorOf(breaker.run(() => 1))) as Error;
    expect(error.stack?.split("\n")).toHaveLength(1);
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it("starts no work and reads nothing of the call", async () => {
    const { breaker } = makeBreaker();
    fail(breaker);
    const work = vi.fn();
    const call: Call = Object.defineProperty({}, "signal", { get: () => expect.fail("read") });
    await errorOf(breaker.run(work, call));
    await errorOf(breaker.layer(work)(1, call));
    expect(work).not.toHaveBeenCalled();
  });

  it("of tryAcquire is undefined, never an error (G4)", () => {
    const { breaker } = makeBreaker();
    fail(breaker, undefined);
    expect(breaker.tryAcquire()).toBeUndefined();
  });
});

describe("the caller's own errors", () => {
  it("pass through identical, whatever they are, undefined too (G4, G6)", async () => {
    const { signal } = new AbortController();
    for (const error of [undefined, null, "text", 0, 10n, Symbol("s"), new Error("e"), Object.freeze(new Error("frozen"))]) {
      for (const classify of [undefined, () => "failure" as const]) {
        for (const call of [{}, { signal }]) {
          const { breaker } = makeBreaker({ classify });
          const refuse = rejecting(error);
          expect(await errorOf(breaker.run(refuse, call))).toBe(error);
          breaker.reset();
          expect(await errorOf(breaker.layer(refuse)(1, call))).toBe(error);
          expect(((await errorOf(breaker.run(() => 1))) as Error).cause).toBe(error);
        }
      }
    }
  });

  it("thrown before a promise was made become a rejection, from run and layer (C6)", async () => {
    const error = new Error("sync");
    const crash = throwing(error);
    for (const call of [{}, { signal: new AbortController().signal }]) {
      const { breaker } = makeBreaker();
      expect(await errorOf(breaker.run(crash, call))).toBe(error);
      breaker.reset();
      expect(await errorOf(breaker.layer(crash)(1, call))).toBe(error);
      expect(breaker.stats.failures).toBe(2);
    }
  });

  it("that nobody handles stay visible as unhandled rejections", async () => {
    const { breaker } = makeBreaker();
    const error = new Error("dropped");
    const seen: unknown[] = [];
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (reason) => seen.push(reason));
    void breaker.run(rejecting(error));
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners("unhandledRejection");
    for (const listener of others) process.on("unhandledRejection", listener);
    expect(seen).toEqual([error]);
  });
});
