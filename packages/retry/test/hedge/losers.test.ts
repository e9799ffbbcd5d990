import { outcomeOfError, widen, type Call } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { HedgeLostError } from "@breakwater/retry";
import { afterEach, describe, expect, it, vi } from "vitest";
import { catchWarnings, errorOf, makeLab } from "./helpers.ts";

afterEach(() => vi.restoreAllMocks());

describe("losers", () => {
  it("are aborted, whichever won, and the winner is not", async () => {
    for (const winner of [1, 2, 3]) {
      const { clock, hedge, tries } = makeLab({ maxHedges: 2, name: "prices" });
      const call = hedge.run(tries.work);
      await clock.advanceAsync(200);
      tries.at(winner).resolve("won");
      expect(await call).toBe("won");
      for (const attempt of [1, 2, 3]) {
        const reason = tries.reasonOf(attempt);
        if (attempt === winner) expect(reason).toBeUndefined();
        else expect(reason).toMatchObject({ name: "HedgeLostError", code: "ERR_HEDGE_LOST", reason: "won", attempt: winner, source: "prices" });
      }
    }
  });

  it("see a reason without a stack, and are neutral to a breaker inside", async () => {
    const { clock, hedge } = makeLab();
    const outcomes: unknown[] = [];
    let count = 0;
    const work = async (call: Call): Promise<string> => {
      count += 1;
      if (count === 2) return "second";
      try {
        return await new Promise<string>((_, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)));
      } catch (error) {
        outcomes.push(outcomeOfError(error, call), error);
        throw error;
      }
    };
    const call = hedge.run(work);
    await clock.advanceAsync(100);
    expect(await call).toBe("second");
    await settled();
    expect(outcomes[0]).toBe("neutral");
    expect(outcomes[1]).toBeInstanceOf(HedgeLostError);
    expect((outcomes[1] as Error).stack).toBe("HedgeLostError: try 2 answered first");
    expect(hedge.stats.running).toBe(0);
  });

  it("give their late results to dispose, each once, and the winner's is not among them", async () => {
    const disposed: unknown[] = [];
    const { clock, hedge, tries, events } = makeLab({ maxHedges: 2, dispose: (result) => void disposed.push(result) });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(200);
    tries.at(2).resolve("second");
    expect(await call).toBe("second");
    expect(disposed).toEqual([]);
    tries.at(1).resolve("first");
    tries.at(3).resolve("third");
    await settled();
    expect(disposed).toEqual(["first", "third"]);
    expect(events).toContainEqual({ type: "disposed", attempt: 3, result: "third" });
    expect(hedge.stats).toMatchObject({ disposals: 2, running: 0 });
  });

  it("that answer in the same turn as the winner are disposed of as well", async () => {
    const disposed: unknown[] = [];
    const { clock, hedge, tries } = makeLab({ dispose: (result) => void disposed.push(result) });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    tries.at(1).resolve("first");
    tries.at(2).resolve("second");
    expect(await call).toBe("first");
    await settled();
    expect(disposed).toEqual(["second"]);
  });

  it("may fail late: that is heard, by an event alone", async () => {
    const { clock, hedge, tries, events } = makeLab();
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    tries.at(2).resolve("second");
    await call;
    const late = new Error("late");
    tries.at(1).reject(late);
    await settled(); // an unhandled rejection would fail the run of tests
    expect(events.at(-1)).toEqual({ type: "failed", attempt: 1, error: late, isLate: true });
  });

  it("are disposed of by a function that throws or rejects, or answers a thenable, which is reported", async () => {
    const warnings = catchWarnings();
    const [thrown, rejected, thenable] = [new Error("thrown"), new Error("rejected"), new Error("thenable")];
    const ways = [
      () => {
        throw thrown;
      },
      () => Promise.reject(rejected),
      () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(thenable) }) as unknown as Promise<void>,
    ];
    for (const dispose of ways) {
      const { clock, hedge, tries } = makeLab({ dispose });
      const call = hedge.run(tries.work);
      await clock.advanceAsync(100);
      tries.at(1).resolve("first");
      tries.at(2).resolve("second");
      await call;
      await settled();
    }
    expect(warnings.mock.calls.map(([warning]) => warning)).toEqual([thrown, rejected, thenable]);
  });
});

describe("the signal of a try", () => {
  it("is in every copy that a layer inside makes of the call", async () => {
    const { clock, hedge, tries } = makeLab();
    const call = hedge.run(
      (own) => {
        if (tries.started.length === 0) return tries.work(widen({ ...own }, { user: "ada" }));
        return tries.work(Object.create(own) as Call);
      },
      { priority: 1 },
    );
    await clock.advanceAsync(100);
    expect(tries.at(1).call).toMatchObject({ priority: 1, user: "ada" });
    tries.at(1).resolve("first");
    await call;
    expect(tries.at(1).call.signal?.aborted).toBe(false);
    expect(tries.at(2).call.signal?.reason).toBeInstanceOf(HedgeLostError);
  });

  it("is made when it is read, once, and reads as aborted where that came before", async () => {
    const { clock, hedge, tries } = makeLab();
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    const { signal } = tries.at(1).call;
    expect(tries.at(1).call.signal).toBe(signal);
    tries.at(1).resolve("first");
    await call;
    expect(tries.reasonOf(2)).toBeInstanceOf(HedgeLostError);
  });
});

describe("the caller's abort", () => {
  it("rejects at once with the signal's own reason, aborts all tries with it, and leaves no timer", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 2 });
    const controller = new AbortController();
    const call = errorOf(hedge.run(tries.work, { signal: controller.signal }));
    await clock.advanceAsync(100);
    const reason = { why: "gone" };
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect([tries.reasonOf(1), tries.reasonOf(2)]).toEqual([reason, reason]);
    expect(tries.reasonOf(1)).toBe(reason);
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceAsync(1_000);
    expect(tries.started.length).toBe(2);
  });

  it("has later results disposed of, and later errors heard", async () => {
    const disposed: unknown[] = [];
    const { clock, hedge, tries, events } = makeLab({ dispose: (result) => void disposed.push(result) });
    const controller = new AbortController();
    const call = errorOf(hedge.run(tries.work, { signal: controller.signal }));
    await clock.advanceAsync(100);
    controller.abort("gone");
    expect(await call).toBe("gone");
    tries.at(1).resolve("first");
    tries.at(2).reject("gone");
    await settled();
    expect(disposed).toEqual(["first"]);
    expect(events).toContainEqual({ type: "failed", attempt: 2, error: "gone", isLate: true });
  });

  it("starts nothing when it came before the call, and nothing is deposited", async () => {
    const deposit = vi.fn();
    const { hedge, tries } = makeLab({ budget: { deposit, tryWithdraw: () => true } });
    expect(await errorOf(hedge.run(tries.work, { signal: AbortSignal.abort("before") }))).toBe("before");
    expect(tries.started.length).toBe(0);
    expect(deposit).not.toHaveBeenCalled();
  });

  it("in the middle of the first try's start, or of a judgement, sends nothing more", async () => {
    for (const delayMs of [0, 100, Infinity]) {
      const controller = new AbortController();
      const { clock, hedge } = makeLab({ delayMs });
      let count = 0;
      const work = (): never => {
        count += 1;
        controller.abort("gone");
        throw new Error("down");
      };
      expect(await errorOf(hedge.run(work, { signal: controller.signal }))).toBe("gone");
      expect(count).toBe(1);
      expect(clock.pendingTimers).toBe(0);
    }
    const controller = new AbortController();
    const { hedge, tries } = makeLab({
      isFatal: () => {
        controller.abort("gone");
        return false;
      },
    });
    const call = errorOf(hedge.run(tries.work, { signal: controller.signal }));
    tries.at(1).reject("down");
    expect(await call).toBe("gone");
    expect(tries.started.length).toBe(1);
  });

  it("by a listener of `hedged` keeps that hedge from starting", async () => {
    const controller = new AbortController();
    const { clock, hedge, tries } = makeLab();
    hedge.on("hedged", () => controller.abort("gone"));
    const call = errorOf(hedge.run(tries.work, { signal: controller.signal }));
    await clock.advanceAsync(100);
    expect(await call).toBe("gone");
    expect(tries.started.length).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("works in fallback mode and for what may not be done twice, though the work ignores its signal", async () => {
    for (const options of [{ delayMs: Infinity }, { idempotent: false }]) {
      const { hedge, tries } = makeLab(options);
      const controller = new AbortController();
      const call = errorOf(hedge.run(tries.work, { signal: controller.signal }));
      expect(tries.at(1).call.signal).toBe(controller.signal);
      controller.abort("gone");
      expect(await call).toBe("gone");
    }
  });

  it("adds one listener for all calls and tries of one signal, and none is left (H8)", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const { clock, hedge, tries } = makeLab({ maxHedges: 2 });
    const calls = [hedge.run(tries.work, { signal }), hedge.run(tries.work, { signal })];
    await clock.advanceAsync(200);
    expect(tries.started.length).toBe(6);
    expect(add).toHaveBeenCalledTimes(1);
    tries.at(1).resolve("one");
    tries.at(4).resolve("other");
    await Promise.all(calls);
    expect(remove).toHaveBeenCalledTimes(1);
    expect(tries.reasonOf(2)).toBeInstanceOf(HedgeLostError);
  });
});
