import { isRejected, outcomeOfError, RejectedError } from "@breakwater/core";
import { describe, expect, it } from "vitest";

class FullError extends RejectedError {
  override readonly name: string = "FullError";
  declare readonly code: "ERR_FULL";
  constructor(cause?: unknown) {
    super("ERR_FULL", "there is no room", { reason: "full", retryAfterMs: 5, source: "hall", cause });
  }
}

describe("a refusal", () => {
  it("says who refused, why, and when to come back", () => {
    const cause = new Error("the one before");
    const error = new FullError(cause);
    expect(error).toMatchObject({ name: "FullError", code: "ERR_FULL", reason: "full", retryAfterMs: 5, source: "hall", cause });
    expect(String(error)).toBe("FullError: there is no room");
    expect("cause" in new FullError()).toBe(false);
    expect(new RejectedError("ERR_X", "x", { reason: "x" }).name).toBe("RejectedError");
  });

  it("captures no stack, and leaves the limit as it was", () => {
    const limit = Error.stackTraceLimit;
    expect(new FullError().stack).not.toContain("\n");
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error("other").stack).toContain("\n");
  });

  it("can be made where the limit cannot be written, as in hardened programs", () => {
    const limit = Error.stackTraceLimit;
    Object.defineProperty(Error, "stackTraceLimit", { value: limit, writable: false, configurable: true });
    try {
      expect(new FullError().code).toBe("ERR_FULL");
    } finally {
      Object.defineProperty(Error, "stackTraceLimit", { value: limit, writable: true, configurable: true });
    }
  });

  it("is recognised across copies of the package, by brand and code", () => {
    const foreign = Object.assign(new Error("from another copy"), { code: "ERR_FULL", [Symbol.for("@breakwater/rejected")]: true });
    expect([isRejected(new FullError()), isRejected(foreign)]).toEqual([true, true]);
  });

  it.each([undefined, null, 0, "ERR_FULL", 1n, Symbol("x"), {}, () => 1, new Error("no"), Object.assign(new Error("no"), { code: "ERR_FULL" })])(
    "is nothing else: %s",
    (other) => {
      expect(isRejected(other)).toBe(false);
    },
  );
});

describe("the outcome of an error", () => {
  it("is neutral for a refusal and for a caller that has gone, else a failure", () => {
    const { signal } = new AbortController();
    expect(outcomeOfError(new FullError())).toBe("neutral");
    expect(outcomeOfError("any value", { signal: AbortSignal.abort() })).toBe("neutral");
    expect(outcomeOfError(new DOMException("not the caller's", "AbortError"), { signal })).toBe("failure");
    expect(outcomeOfError(undefined)).toBe("failure");
  });
});
