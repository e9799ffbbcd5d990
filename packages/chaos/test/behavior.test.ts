import { getEventListeners } from "node:events";
import { settled } from "@breakwater/core/testing";
import { injectBehavior } from "@breakwater/chaos";
import { describe, expect, it } from "vitest";
import { echo, fate } from "./helpers.ts";

describe("injected behaviour", () => {
  it("is done before the work, with input and call, in the turn of the call", async () => {
    const { service, calls } = echo();
    const call = {};
    const done: unknown[] = [];
    const layer = injectBehavior({ rate: 1, behavior: (...given: unknown[]) => void done.push(given) });
    const answer = layer(service)("a", call);
    expect(done).toEqual([["a", call]]);
    expect(calls).toHaveLength(1);
    expect(await answer).toBe("did a");
  });

  it("is waited for", async () => {
    const { service, calls } = echo();
    let finish = (): void => undefined;
    const behavior = (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const answer = injectBehavior({ rate: 1, behavior })(service)("a", { signal: new AbortController().signal });
    await settled();
    expect(calls).toEqual([]);
    finish();
    expect(await answer).toBe("did a");
  });

  it("that throws or rejects fails the call with that, and the work is not called", async () => {
    const { service, calls } = echo();
    const fault = new Error("in the behaviour");
    const throwing = (): never => {
      throw fault;
    };
    const { signal } = new AbortController();
    for (const behavior of [throwing, () => Promise.reject(fault)]) {
      const layer = injectBehavior({ rate: 1, behavior });
      expect(await fate(layer(service)("a", {}))).toBe(fault);
      expect(await fate(layer(service)("a", { signal }))).toBe(fault);
      expect(layer.stats.injected).toBe(2);
    }
    expect(calls).toEqual([]);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("that hangs is left at once when the caller aborts; what comes of it nobody hears", async () => {
    const { service, calls } = echo();
    const controller = new AbortController();
    let fail: (error: unknown) => void = () => undefined;
    const behavior = (): Promise<void> => new Promise((_resolve, reject) => (fail = reject));
    const ended = fate(injectBehavior({ rate: 1, behavior })(service)("a", { signal: controller.signal }));
    await settled();
    controller.abort("gone");
    expect(await ended).toBe("gone");
    fail(new Error("late, and no unhandled rejection"));
    await settled();
    expect(calls).toEqual([]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  it("that aborts its own caller ends the call, sync or not", async () => {
    const { service, calls } = echo();
    for (const isAsync of [false, true]) {
      const controller = new AbortController();
      const behavior = (): undefined | Promise<void> => {
        controller.abort("by the behaviour");
        return isAsync ? Promise.reject(new Error("late")) : undefined;
      };
      expect(await fate(injectBehavior({ rate: 1, behavior })(service)("a", { signal: controller.signal }))).toBe("by the behaviour");
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    }
    expect(calls).toEqual([]);
  });

  it("may be a thenable that is no promise of the platform's", async () => {
    const thenable = { then: (resolve: () => void) => resolve() } as PromiseLike<void>;
    expect(await injectBehavior({ rate: 1, behavior: () => thenable })(echo().service)("a", {})).toBe("did a");
  });
});
