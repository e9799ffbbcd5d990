import { abortLent, isLent, LazyAbort, lendAbort } from "@breakwater/core";
import { describe, expect, it } from "vitest";

describe("a signal that was lent", () => {
  it("can be aborted by whoever has it, with a reason", () => {
    const controller = new AbortController();
    const signal = lendAbort(controller);
    expect(signal).toBe(controller.signal);
    expect(isLent(signal)).toBe(true);
    abortLent(signal, "the service stops");
    expect(signal.reason).toBe("the service stops");
  });

  it("keeps its first reason, whoever gave it", () => {
    const controller = new AbortController();
    const signal = lendAbort(controller);
    controller.abort("the client is gone");
    abortLent(signal, "the service stops");
    expect(signal.reason).toBe("the client is gone");
  });

  it("is told from one that was not, which stays as it is", () => {
    const { signal } = new AbortController();
    expect(isLent(signal)).toBe(false);
    abortLent(signal, "no");
    expect(signal.aborted).toBe(false);
  });
});

describe("a signal that is made when somebody looks", () => {
  it("is the same for all who look, and aborts for them", () => {
    const abort = new LazyAbort();
    const { signal } = abort;
    expect([abort.signal, signal.aborted, abort.isAborted]).toEqual([signal, false, false]);
    abort.abort("enough");
    expect([signal.reason, abort.isAborted]).toEqual(["enough", true]);
  });

  it("reads as aborted, with the first reason, where that came before the look", () => {
    const abort = new LazyAbort();
    abort.abort("enough");
    abort.abort("again");
    expect(abort.signal.reason).toBe("enough");
  });
});
