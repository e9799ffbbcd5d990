import { descriptionOf, noopMeter, RejectedError, type Guard, type Meter } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { timing } from "@breakwater/middleware";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

const fate = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

function measuring(): { meter: Meter; recorded: unknown[] } {
  const recorded: unknown[] = [];
  const histogram: Meter["histogram"] = (name, { unit, attributes } = {}) => ({ record: (value) => recorded.push([name, unit, attributes, value]) });
  return { recorded, meter: { histogram, counter: () => ({ add: () => undefined }), gauge: () => () => undefined } };
}

describe("timing", () => {
  it("tells how long each call took, and how it ended", async () => {
    const clock = new ManualClock();
    const record = vi.fn();
    const layer = timing({ record, clock });
    const call = {};
    const gone = { signal: AbortSignal.abort("gone") };
    const broken = new Error("broken");
    const refusal = new RejectedError("ERR_FULL", "no room", { reason: "full" });
    const ending = (error?: unknown) => async (): Promise<string> => {
      clock.jump(12);
      if (error instanceof Error) throw error;
      return "answer";
    };
    expect(await layer(ending())("", call)).toBe("answer");
    expect(await fate(layer(ending(broken))("", call))).toBe(broken);
    expect(await fate(layer(ending(refusal))("", call))).toBe(refusal);
    expect(await fate(layer(ending(broken))("", gone))).toBe(broken);
    expect(record.mock.calls).toEqual([
      [12, "success", call],
      [12, "failure", call],
      [12, "neutral", call],
      [12, "neutral", gone],
    ]);
    expect(record.mock.calls[0]?.[2]).toBe(call);
  });

  it("times what throws at once, and thenables until they settle", async () => {
    const clock = new ManualClock();
    const record = vi.fn();
    const throwing = (): never => {
      throw new Error("at once");
    };
    expect(await fate(timing({ record, clock })(throwing)("", {}))).toEqual(new Error("at once"));
    let answer: (value: string) => void = () => undefined;
    const thenable = { then: (resolve: (value: string) => void) => void (answer = resolve) } as unknown as Promise<string>;
    const timed = timing({ record, clock })(() => thenable)("", {});
    await settled();
    clock.jump(5);
    answer("late");
    expect(await timed).toBe("late");
    expect(record.mock.calls.map(([ms, outcome]: unknown[]) => [ms, outcome])).toEqual([[0, "failure"], [5, "success"]]);
  });

  it("fills a histogram in seconds by outcome", async () => {
    const clock = new ManualClock();
    const { meter, recorded } = measuring();
    const service = timing({ meter, name: "orders", clock })(async () => clock.jump(1_500));
    await service("", {});
    expect(recorded).toEqual([["breakwater.call.duration", "s", { name: "orders", outcome: "success" }, 1.5]]);
  });

  it("is contained: what record or the meter throws or rejects with becomes a warning, and one does not silence the other", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { meter } = measuring();
    const full = new Error("disk full");
    const broken: Meter = { ...meter, histogram: () => ({ record: () => { throw full; } }) }; // prettier-ignore
    const record = vi.fn(() => Promise.reject(full));
    expect(await timing({ record, meter: broken })(async () => 1)("", {})).toBe(1);
    await settled();
    expect(record).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls).toEqual([[full], [full]]);
    warned.mockRestore();
  });

  it("with nothing to tell gives back the very service", () => {
    const service = async (): Promise<number> => 1;
    expect(timing({})(service)).toBe(service);
    expect(timing({ meter: noopMeter })(service)).toBe(service);
  });

  it("is a Guard, describes itself, and refuses wrong options", async () => {
    expectTypeOf(timing({})).toEqualTypeOf<Guard>();
    expect(descriptionOf(timing({ name: "orders" }))).toEqual({ kind: "timing", name: "orders" });
    expect(() => timing({ record: 1 as never })).toThrow("record must be a function, got number");
    const record = vi.fn();
    await (timing({ record })(async () => 1) as (input: string) => Promise<number>)("without a call");
    expect(record).toHaveBeenCalledWith(expect.any(Number), "success", {});
  });
});
