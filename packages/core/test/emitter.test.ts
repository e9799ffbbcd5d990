import { Emitter, warn } from "@breakwater/core";
import { beforeEach, describe, expect, it, vi } from "vitest";

interface Events {
  opened: { readonly at: number };
  closed: object;
}

const warnings = vi.spyOn(process, "emitWarning");
beforeEach(() => void warnings.mockReset().mockImplementation(() => undefined));

describe("an emitter", () => {
  it("tells each listener of its type, in the order of subscription, until it unsubscribes", () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    const stop = emitter.on("opened", ({ at }) => heard.push(`first ${at}`));
    emitter.on("opened", ({ at }) => heard.push(`second ${at}`));
    emitter.on("closed", () => heard.push("closed"));
    emitter.emit("opened", { at: 1 });
    stop();
    stop();
    emitter.emit("opened", { at: 2 });
    expect(heard).toEqual(["first 1", "second 1", "second 2"]);
  });

  it("knows whether anybody listens", () => {
    const emitter = new Emitter<Events>();
    expect(emitter.has("opened")).toBe(false);
    const stop = emitter.on("opened", () => undefined);
    expect([emitter.has("opened"), emitter.has("closed")]).toEqual([true, false]);
    stop();
    expect(emitter.has("opened")).toBe(false);
  });

  it("takes the same function twice as two subscriptions", () => {
    const emitter = new Emitter<Events>();
    const listener = vi.fn();
    const stop = emitter.on("closed", listener);
    emitter.on("closed", listener);
    emitter.emit("closed", {});
    stop();
    emitter.emit("closed", {});
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("makes a warning of what a listener throws, and the others still hear", () => {
    const emitter = new Emitter<Events>();
    const failure = new Error("broken listener");
    const heard = vi.fn();
    emitter.on("closed", () => { throw failure; });
    emitter.on("closed", () => { throw "a text" as unknown; });
    emitter.on("closed", heard);
    emitter.emit("closed", {});
    expect(heard).toHaveBeenCalledTimes(1);
    expect(warnings.mock.calls.map(([warning]) => warning)).toEqual([failure, new Error("a text")]);
  });

  it("delivers an event that a listener causes after the one being delivered, to all in one order", () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    emitter.on("opened", () => {
      heard.push("a: opened");
      emitter.emit("closed", {});
    });
    emitter.on("closed", () => heard.push("a: closed"));
    emitter.on("opened", () => heard.push("b: opened"));
    emitter.on("closed", () => heard.push("b: closed"));
    emitter.emit("opened", { at: 0 });
    emitter.emit("closed", {});
    expect(heard).toEqual(["a: opened", "b: opened", "a: closed", "b: closed", "a: closed", "b: closed"]);
  });

  it("lets listeners come and go during a delivery, with effect from the next one on", () => {
    const emitter = new Emitter<Events>();
    const late = vi.fn();
    const leaving = vi.fn();
    emitter.on("closed", () => {
      emitter.on("closed", late);
      stop();
    });
    const stop = emitter.on("closed", leaving);
    emitter.emit("closed", {});
    expect([late.mock.calls.length, leaving.mock.calls.length]).toEqual([0, 1]);
    emitter.emit("closed", {});
    expect([late.mock.calls.length, leaving.mock.calls.length]).toEqual([1, 1]);
  });

  it("refuses what is no function", () => {
    expect(() => new Emitter<Events>().on("closed", 3 as never)).toThrow(new TypeError("listener must be a function, got number"));
  });
});

describe("a warning", () => {
  it("goes to the console where there is no process", () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { process } = globalThis;
    vi.stubGlobal("process", undefined);
    try {
      warn("careful");
    } finally {
      vi.stubGlobal("process", process);
      vi.unstubAllGlobals();
    }
    expect(log).toHaveBeenCalledWith(new Error("careful"));
    log.mockRestore();
  });
});
