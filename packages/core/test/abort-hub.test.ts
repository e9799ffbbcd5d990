import { ignoreAbort, listenForAbort, type AbortListener } from "@breakwater/core";
import { describe, expect, it, vi } from "vitest";

const listener = () => ({ aborted: vi.fn<(reason: unknown) => void>() });

describe("listening for an abort", () => {
  it("tells everybody once, with the signal's own reason", () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const all = [listener(), listener()];
    for (const each of all) listenForAbort(controller.signal, each);
    controller.abort("reason");
    for (const { aborted } of all) expect(aborted.mock.calls).toEqual([["reason"]]);
    expect(removed, "and nobody is subscribed any more").toHaveBeenCalledTimes(1);
  });

  it("does not tell one that left, also one that leaves while the others are told", () => {
    const controller = new AbortController();
    const second = listener();
    const first: AbortListener = { aborted: () => ignoreAbort(controller.signal, second) };
    listenForAbort(controller.signal, first);
    listenForAbort(controller.signal, second);
    controller.abort();
    expect(second.aborted).not.toHaveBeenCalled();
  });

  it("starts afresh after everybody has left", () => {
    const controller = new AbortController();
    const each = listener();
    const added = vi.spyOn(controller.signal, "addEventListener");
    for (let round = 0; round < 3; round += 1) {
      listenForAbort(controller.signal, each);
      ignoreAbort(controller.signal, each);
      ignoreAbort(controller.signal, each);
    }
    listenForAbort(controller.signal, each);
    controller.abort();
    expect([added.mock.calls.length, each.aborted.mock.calls.length]).toEqual([4, 1]);
  });
});
