import { getEventListeners } from "node:events";
import { ignoreAbort, listenForAbort, type AbortListener } from "@breakwater/core";
import fc from "fast-check";
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

  it("tells the others when one of them throws, which becomes a warning", () => {
    const controller = new AbortController();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const throwing: AbortListener = {
      aborted: () => {
        throw new Error("broken");
      },
    };
    const others = [listener(), listener()] as const;
    for (const each of [others[0], throwing, others[1]]) listenForAbort(controller.signal, each);
    controller.abort("reason");
    for (const { aborted } of others) expect(aborted.mock.calls).toEqual([["reason"]]);
    expect(warned.mock.calls.map(String)).toEqual(["Error: broken"]);
    warned.mockRestore();
  });

  it("told of it, one that listens to the next signal hears of that", () => {
    const controllers = [new AbortController(), new AbortController()] as const;
    const heard: unknown[] = [];
    const again: AbortListener = {
      aborted: (reason) => {
        if (heard.push(reason) === 1) listenForAbort(controllers[1].signal, again);
      },
    };
    listenForAbort(controllers[0].signal, again);
    for (const [index, controller] of controllers.entries()) controller.abort(index);
    expect(heard).toEqual([0, 1]);
  });

  it("is one listener of the platform's while anybody listens and none else, and tells those in the order in which they came", () => {
    const step = fc.record({ who: fc.nat(3), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const controller = new AbortController();
        const { signal } = controller;
        const told: number[] = [];
        const all = [0, 1, 2, 3].map((who): AbortListener => ({ aborted: () => told.push(who) }));
        const model = new Set<number>();
        for (const { who, comes } of steps) {
          (comes ? listenForAbort : ignoreAbort)(signal, all[who] ?? { aborted: () => undefined });
          if (comes) model.add(who);
          else model.delete(who);
          expect(getEventListeners(signal, "abort")).toHaveLength(Math.min(1, model.size));
        }
        controller.abort();
        expect(told).toEqual([...model]);
        expect(getEventListeners(signal, "abort")).toHaveLength(0);
      }),
    );
  });
});
