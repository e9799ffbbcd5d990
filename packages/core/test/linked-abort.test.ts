import { describe, expect, it, vi } from "vitest";
import { LinkedAbort } from "../src/index.ts";

describe("a linked abort", () => {
  it("aborts with the reason of whichever source aborts first", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const removed = vi.spyOn(first.signal, "removeEventListener");
    const link = new LinkedAbort(first.signal, second.signal);
    second.abort("second");
    expect(removed).toHaveBeenCalledTimes(1);
    first.abort("first");
    expect(link.signal.reason).toBe("second");
  });

  it("of an aborted source is aborted at once", () => {
    const link = new LinkedAbort(new AbortController().signal, AbortSignal.abort("gone"));
    expect(link.signal.reason).toBe("gone");
  });

  it("follows nobody once it was released, and leaves no listener behind", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const removed = [vi.spyOn(first.signal, "removeEventListener"), vi.spyOn(second.signal, "removeEventListener")];
    const link = new LinkedAbort(first.signal, second.signal);
    link.release();
    first.abort();
    expect(link.signal.aborted).toBe(false);
    for (const spy of removed) expect(spy).toHaveBeenCalledTimes(1);
  });

  it("is aborted by its owner, and then follows nobody", () => {
    const source = new AbortController();
    const removed = vi.spyOn(source.signal, "removeEventListener");
    const link = new LinkedAbort(undefined, source.signal);
    link.abort("late");
    expect(removed).toHaveBeenCalledTimes(1);
    source.abort("gone");
    expect(link.signal.reason).toBe("late");
  });
});
