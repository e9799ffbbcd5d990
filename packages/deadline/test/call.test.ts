import { noCall, widen, type Call } from "@breakwater/core";
import { describe, expect, it } from "vitest";
import { Held, makeTimeout, watch } from "./helpers.ts";

function callOf(outer: Call = noCall): { readonly call: Call; readonly timeOut: () => Promise<void> } {
  const { timeout, clock } = makeTimeout({ mode: "aggressive" });
  const held = new Held();
  watch(timeout.run(held.work, outer));
  return { call: held.call, timeOut: () => clock.advanceAsync(100) };
}

describe("the call that the work is given", () => {
  it("has a signal, the same one each time", () => {
    const { call } = callOf();
    expect(call.signal).toBeInstanceOf(AbortSignal);
    expect(call.signal).toBe(call.signal);
  });

  it("keeps its signal in copies, however they are made", async () => {
    const { call, timeOut } = callOf();
    const copies = [{ ...call }, Object.assign({}, call), widen(call, { lease: 1 }), { ...call, priority: 2 }, Object.create(call) as Call];
    for (const copy of copies) expect(copy.signal).toBe(call.signal);
    await timeOut();
    for (const copy of copies) expect(copy.signal?.aborted).toBe(true);
  });

  it("keeps its signal in copies that are made after the time", async () => {
    const { call, timeOut } = callOf();
    await timeOut();
    expect({ ...call }.signal).toMatchObject({ aborted: true, reason: { code: "ERR_TIMEOUT" } });
  });

  it("has everything else that the caller's call has, symbols too", () => {
    const trace = Symbol("trace");
    const outer = { priority: 3, user: "ada", [trace]: "id", signal: undefined };
    const { call } = callOf(outer);
    expect(call).toMatchObject({ priority: 3, user: "ada", [trace]: "id", deadlineAt: 1_100 });
    expect(Reflect.ownKeys(call).sort((a, b) => String(a).localeCompare(String(b)))).toEqual(["deadlineAt", "priority", "signal", trace, "user"]);
    expect(outer).toEqual({ priority: 3, user: "ada", [trace]: "id", signal: undefined });
  });

  it("has the tighter of both deadlines", () => {
    expect(callOf({ deadlineAt: 1_050 }).call.deadlineAt).toBe(1_050);
    expect(callOf({ deadlineAt: 1_150 }).call.deadlineAt).toBe(1_100);
    expect(callOf({ deadlineAt: Infinity }).call.deadlineAt).toBe(1_100);
  });

  it("destructured without its signal, makes none", () => {
    const { call } = callOf();
    const { deadlineAt, priority } = call;
    expect([deadlineAt, priority]).toEqual([1_100, undefined]);
  });
});
