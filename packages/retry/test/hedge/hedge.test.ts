import { AsyncLocalStorage } from "node:async_hooks";
import { descriptionOf, noCall, type Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { constant, Hedge, hedge, Retry, RetryBudget } from "@breakwater/retry";
import { runLaws } from "@breakwater/sim";
import { afterEach, describe, expect, it, vi } from "vitest";
import { catchWarnings, errorOf, FakeMeter, makeLab, refusal } from "./helpers.ts";

afterEach(() => vi.restoreAllMocks());

describe("time", () => {
  it("starts the first try at once, and another after each delay, up to maxHedges", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 2 });
    const call = hedge.run(tries.work);
    expect(tries.times).toEqual([0]);
    await clock.advanceAsync(99);
    expect(tries.times).toEqual([0]);
    await clock.advanceAsync(1_000);
    expect(tries.times).toEqual([0, 100, 200]);
    tries.at(2).resolve("second");
    expect(await call).toBe("second");
    expect(clock.pendingTimers).toBe(0);
    expect(hedge.stats).toMatchObject({ calls: 1, hedges: 2, hedgeWins: 1, running: 2 });
  });

  it("sends nothing when the first try is fast, and leaves no timer", async () => {
    const { clock, hedge, tries, events } = makeLab();
    const call = hedge.run(tries.work);
    expect(clock.pendingTimers).toBe(1);
    tries.at(1).resolve("first");
    expect(await call).toBe("first");
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceAsync(1_000);
    expect(tries.times).toEqual([0]);
    expect(events).toEqual([]);
    expect(hedge.stats).toMatchObject({ hedges: 0, hedgeWins: 0 });
  });

  it("has one timer for all calls that wait, and it keeps the process alive", async () => {
    const { clock, hedge, tries } = makeLab();
    for (let i = 0; i < 50; i += 1) void hedge.run(tries.work);
    expect(clock.pendingRefTimers).toBe(1);
    for (const started of tries.started) started.resolve("done");
    await settled();
    expect(clock.pendingTimers).toBe(0);
  });

  it("sends all at once with a delay of 0, unless the first has answered by then", async () => {
    const { clock, hedge, tries } = makeLab({ delayMs: 0, maxHedges: 3 });
    const call = hedge.run(tries.work);
    expect(tries.times).toEqual([0, 0, 0, 0]);
    tries.at(3).resolve("third");
    expect(await call).toBe("third");
    expect(clock.pendingTimers).toBe(0);
    let count = 0;
    expect(await hedge.run(() => (count += 1))).toBe(1);
  });

  it("answers with a delay of 0 though nothing can be cancelled, and all ignore that they lost (Polly)", async () => {
    const { hedge, tries } = makeLab({ delayMs: 0, maxHedges: 1 });
    const guarded = hedge.layer((input: string, call: Call) => tries.work(call).then((value) => input + value));
    const call = guarded("got ", noCall);
    tries.at(1).resolve("it");
    expect(await call).toBe("got it");
    expect(hedge.stats.running).toBe(1);
    expect(() => new Hedge({ delayMs: -1 })).toThrow(RangeError);
  });

  it("sends the next one only after a failure with a delay of Infinity, one at a time, on the caller's own call", async () => {
    const { clock, hedge, tries } = makeLab({ delayMs: Infinity, maxHedges: 2 });
    const own: Call = { priority: 3 };
    const call = hedge.run(tries.work, own);
    await clock.advanceAsync(1e12);
    expect(tries.started.length).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    tries.at(1).reject("first");
    await settled();
    expect(tries.started.length).toBe(2);
    tries.at(2).resolve("second");
    expect(await call).toBe("second");
    expect(tries.started.every((started) => started.call === own)).toBe(true);
  });

  it("waits longer than 2^31-1 ms where it is told to", async () => {
    const { clock, hedge, tries } = makeLab({ delayMs: 2 ** 32 });
    void hedge.run(tries.work);
    await clock.advanceAsync(2 ** 32 - 1);
    expect(tries.started.length).toBe(1);
    await clock.advanceAsync(1);
    expect(tries.started.length).toBe(2);
  });

  it("does not send several at once when the event loop was blocked", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 3 });
    void hedge.run(tries.work);
    clock.jump(350);
    await clock.advanceAsync(0);
    expect(tries.times).toEqual([0, 350]);
    await clock.advanceAsync(100);
    expect(tries.times).toEqual([0, 350, 450]);
  });
});

describe("failures", () => {
  it("send the next one at once, and the delay begins anew (gRPC)", async () => {
    const { clock, hedge, tries, events } = makeLab({ maxHedges: 2 });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(30);
    tries.at(1).reject("down");
    await settled();
    expect(tries.times).toEqual([0, 30]);
    await clock.advanceAsync(100);
    expect(tries.times).toEqual([0, 30, 130]);
    tries.at(3).resolve("third");
    expect(await call).toBe("third");
    expect(events).toEqual([
      { type: "failed", attempt: 1, error: "down", isLate: false },
      { type: "hedged", attempt: 2, reason: "failed" },
      { type: "hedged", attempt: 3, reason: "slow" },
      { type: "won", attempt: 3, hedges: 2 },
    ]);
  });

  it("of all tries reject with the first one's error, the same, whichever was last", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 2 });
    const call = errorOf(hedge.run(tries.work));
    await clock.advanceAsync(200);
    const errors = [new Error("first"), new Error("second"), new Error("third")];
    for (const attempt of [2, 1, 3]) tries.at(attempt).reject(errors[attempt - 1]);
    expect(await call).toBe(errors[0]);
    expect(Object.keys(errors[0] ?? {})).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("in the turn in which a hedge is due send one, not two", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 3 });
    const call = hedge.run(tries.work);
    tries.at(1).reject("down"); // it is heard after the timer has fired
    clock.advance(100);
    await settled();
    expect(tries.times).toEqual([0, 100]);
    await clock.advanceAsync(100);
    expect(tries.times).toEqual([0, 100, 200]);
    tries.at(3).resolve("third");
    expect(await call).toBe("third");
  });

  it("thrown before there is a promise count the same", async () => {
    const { hedge } = makeLab({ maxHedges: 3 });
    let count = 0;
    const call = hedge.run(() => {
      count += 1;
      if (count < 4) throw new Error(`no ${count}`);
      return "four";
    });
    expect(count).toBe(4);
    expect(await call).toBe("four");
    expect(await errorOf(hedge.run(() => { throw new Error("always"); }))).toMatchObject({ message: "always" });
  });

  it("of a thenable count the same", async () => {
    const { hedge } = makeLab();
    let count = 0;
    const rejected = { then: (_: unknown, reject: (error: unknown) => void) => reject("down") } as unknown as Promise<string>;
    expect(await hedge.run(() => ((count += 1) === 1 ? rejected : "up"))).toBe("up");
  });

  it("that are fatal end the call at once, and the others are told to stop", async () => {
    const { clock, hedge, tries } = makeLab({ isFatal: (error) => error === "forbidden", maxHedges: 3 });
    const call = errorOf(hedge.run(tries.work));
    await clock.advanceAsync(100);
    tries.at(2).reject("forbidden");
    expect(await call).toBe("forbidden");
    expect(tries.reasonOf(1)).toMatchObject({ code: "ERR_HEDGE_LOST", reason: "failed", attempt: 2 });
    await clock.advanceAsync(1_000);
    expect(tries.started.length).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it("are judged with the caller's call; a judge that throws is reported, and the default holds", async () => {
    const warnings = catchWarnings();
    const judged: unknown[] = [];
    const down = new Error("down");
    const { hedge } = makeLab({
      isFatal: (error, call) => {
        judged.push([error, call]);
        throw new Error("judge");
      },
    });
    const call = { priority: 1 };
    let count = 0;
    expect(await hedge.run(() => ((count += 1) === 1 ? Promise.reject(down) : "up"), call)).toBe("up");
    expect(judged).toEqual([[down, call]]);
    expect((judged[0] as unknown[])[1]).toBe(call);
    expect(warnings).toHaveBeenCalledOnce();
  });
});

describe("what cannot be followed or looked at", () => {
  it("is a promise with a broken `then`: its try has failed, and nothing is left", async () => {
    class Unfollowed<T> extends Promise<T> {
      override then(): never {
        throw new Error("no then");
      }
    }
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const { clock, hedge } = makeLab();
    const unfollowed = new Unfollowed<number>((resolve) => resolve(1));
    expect(await errorOf(hedge.run(() => unfollowed, { signal }))).toEqual(new Error("no then"));
    expect(hedge.stats).toMatchObject({ hedges: 1, running: 0 });
    expect(clock.pendingTimers).toBe(0);
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it("is an error that lets nobody see what it is: a failure like others", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const { hedge } = makeLab();
    let count = 0;
    expect(await hedge.run(() => ((count += 1) === 1 ? Promise.reject(proxy) : "up"))).toBe("up"); // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- it is none
  });
});

describe("refusals", () => {
  it("of the first try reject at once, with no hedge and no timer", async () => {
    const { clock, hedge, tries } = makeLab();
    const refused = refusal();
    const call = errorOf(hedge.run(tries.work));
    tries.at(1).reject(refused);
    expect(await call).toBe(refused);
    expect(tries.started.length).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("of a hedge end nothing while another try runs, and the next one comes when it is due", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 2 });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    tries.at(2).reject(refusal());
    await clock.advanceAsync(99);
    expect(tries.started.length).toBe(2);
    await clock.advanceAsync(1);
    expect(tries.started.length).toBe(3);
    tries.at(1).resolve("first");
    expect(await call).toBe("first");
  });

  it("say less than a failure: where all tries end, the failure is what the caller gets", async () => {
    const { clock, hedge, tries } = makeLab();
    const call = errorOf(hedge.run(tries.work));
    await clock.advanceAsync(100);
    tries.at(1).reject(refusal());
    tries.at(2).reject("down");
    expect(await call).toBe("down");
  });

  it("are told from what an inner retry gave up on, which is a failure, but sends nothing: layers do not multiply (H11)", async () => {
    const { clock, hedge, tries } = makeLab();
    const inner = new Retry({ attempts: 2, backoff: constant({ delayMs: 0 }), budget: false, clock });
    const down = new Error("down");
    let count = 0;
    const work = (): Promise<never> => {
      count += 1;
      return Promise.reject(down);
    };
    const call = errorOf(hedge.run(() => inner.run(work)));
    await clock.advanceAsync(1_000);
    expect(await call).toBe(down);
    expect(count).toBe(2);
    // From now on the error has a mark, which is of an earlier call.
    const another = hedge.run(tries.work);
    tries.at(1).reject(down);
    await settled();
    tries.at(2).resolve("second");
    expect(await another).toBe("second");
  });

  it("are hedged when the predicate says that they are failures", async () => {
    const { hedge } = makeLab({ isFatal: () => false });
    let count = 0;
    expect(await hedge.run(() => ((count += 1) === 1 ? Promise.reject(refusal()) : "up"))).toBe("up");
  });
});

describe("what may not be done twice", () => {
  it("is done once, whatever it takes and however it fails", async () => {
    const { clock, hedge, tries } = makeLab({ idempotent: (call) => call.priority === 0 });
    const call: Call = { priority: 1 };
    const run = errorOf(hedge.run(tries.work, call));
    expect(tries.at(1).call).toBe(call);
    await clock.advanceAsync(1_000);
    tries.at(1).reject("down");
    expect(await run).toBe("down");
    expect(tries.started.length).toBe(1);
    void hedge.run(tries.work, { priority: 0 });
    await clock.advanceAsync(1_000);
    expect(tries.started.length).toBe(3);
  });

  it("is what the predicate cannot tell, which is reported", async () => {
    const warnings = catchWarnings();
    const cannotTell = [
      () => {
        throw new Error("who knows");
      },
      (() => Promise.resolve(false)) as unknown as () => boolean, // as in JavaScript
    ];
    for (const idempotent of cannotTell) {
      const { clock, hedge, tries } = makeLab({ idempotent });
      void hedge.run(tries.work);
      await clock.advanceAsync(1_000);
      expect(tries.started.length).toBe(1);
    }
    expect(warnings).toHaveBeenCalledTimes(2);
  });
});

describe("the budget", () => {
  it("gets a deposit from each call, and pays for each hedge", async () => {
    const budget = { deposit: vi.fn(), tryWithdraw: vi.fn(() => true) };
    const { clock, hedge, tries } = makeLab({ budget, maxHedges: 2 });
    void hedge.run(tries.work);
    expect(budget.deposit).toHaveBeenCalledTimes(1);
    expect(budget.tryWithdraw).not.toHaveBeenCalled();
    await clock.advanceAsync(200);
    expect(budget.deposit).toHaveBeenCalledTimes(1);
    expect(budget.tryWithdraw).toHaveBeenCalledTimes(2);
  });

  it("that is used up stops new hedges, never running ones, and is not asked again for the same call (failsafe-go#141)", async () => {
    const left = [true, false, true];
    const budget = { deposit: () => undefined, tryWithdraw: vi.fn(() => left.shift() ?? true) };
    const { clock, hedge, tries, events } = makeLab({ budget, maxHedges: 5 });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(1_000);
    expect(tries.times).toEqual([0, 100]);
    expect(budget.tryWithdraw).toHaveBeenCalledTimes(2);
    expect(clock.pendingTimers).toBe(0);
    expect([tries.reasonOf(1), tries.reasonOf(2)]).toEqual([undefined, undefined]);
    tries.at(1).reject("down"); // another moment to hedge: it is not asked
    await settled();
    expect(budget.tryWithdraw).toHaveBeenCalledTimes(2);
    tries.at(2).resolve("second");
    expect(await call).toBe("second");
    expect(events).toContainEqual({ type: "denied", attempt: 3, reason: "slow" });
    expect(hedge.stats).toMatchObject({ hedges: 1, denials: 1 });
  });

  it("keeps a failure from being hedged, and the caller gets that failure", async () => {
    const { clock, hedge, tries } = makeLab({ budget: { deposit: () => undefined, tryWithdraw: () => false } });
    const call = errorOf(hedge.run(tries.work));
    tries.at(1).reject("down");
    expect(await call).toBe("down");
    expect(clock.pendingTimers).toBe(0);
  });

  it("is by default a tenth of the calls and one a second", async () => {
    const { clock, hedge, tries } = makeLab({ budget: undefined });
    for (let i = 0; i < 1_000; i += 1) void hedge.run(tries.work);
    await clock.advanceAsync(1_000);
    expect(hedge.stats).toMatchObject({ calls: 1_000, hedges: 110, denials: 890 });
  });

  it("can be a RetryBudget that others use as well", async () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1, clock });
    const { hedge, tries } = makeLab({ clock, budget });
    expect(budget.tryWithdraw()).toBe(true);
    void hedge.run(tries.work);
    await clock.advanceAsync(100);
    expect(hedge.stats).toMatchObject({ hedges: 0, denials: 1 });
  });

  it("that answers neither true nor false pays nothing, which is reported", async () => {
    for (const answer of [undefined, Promise.resolve(true)]) {
      const warnings = catchWarnings();
      const tryWithdraw = (() => answer) as unknown as () => boolean; // as in JavaScript
      const { clock, hedge, tries } = makeLab({ budget: { deposit: () => undefined, tryWithdraw } });
      void hedge.run(tries.work);
      await clock.advanceAsync(100);
      expect(tries.started.length).toBe(1);
      expect(warnings).toHaveBeenCalledOnce();
      warnings.mockRestore();
    }
  });

  it("that throws fails no call: it pays nothing, and that is reported", async () => {
    const warnings = catchWarnings();
    const broken = (): never => {
      throw new Error("broken");
    };
    const { clock, hedge, tries } = makeLab({ budget: { deposit: broken, tryWithdraw: broken } });
    const [one, other] = [hedge.run(tries.work), hedge.run(tries.work)];
    await clock.advanceAsync(100); // both are due on the one timer
    expect(tries.started.length).toBe(2);
    for (const started of tries.started) started.resolve("fine");
    expect(await Promise.all([one, other])).toEqual(["fine", "fine"]);
    expect(warnings).toHaveBeenCalledTimes(4);
  });
});

describe("a deadline", () => {
  it("before the delay is over keeps time from hedging, and the first try needs no signal of its own", async () => {
    const { clock, hedge, tries } = makeLab();
    const call: Call = { deadlineAt: 100 };
    void hedge.run(tries.work, call);
    expect(clock.pendingTimers).toBe(0);
    expect(tries.at(1).call).toBe(call);
    await clock.advanceAsync(1_000);
    expect(tries.started.length).toBe(1);
  });

  it("lets hedges go that can start before it, after a failure too, and none after", async () => {
    const { clock, hedge, tries } = makeLab({ maxHedges: 3 });
    const call = errorOf(hedge.run(tries.work, { deadlineAt: 300 }));
    await clock.advanceAsync(240);
    expect(tries.times).toEqual([0, 100, 200]);
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceAsync(60);
    for (const started of tries.started) started.reject("down");
    expect(await call).toBe("down");
    expect(tries.started.length).toBe(3);
  });

  it("that passed while the event loop was blocked lets none go", async () => {
    const { clock, hedge, tries } = makeLab();
    void hedge.run(tries.work, { deadlineAt: 150 });
    clock.jump(200);
    await clock.advanceAsync(0);
    expect(tries.started.length).toBe(1);
    expect(hedge.stats).toMatchObject({ hedges: 0, denials: 0 });
  });

  it("holds in fallback mode", async () => {
    const { clock, hedge, tries } = makeLab({ delayMs: Infinity });
    const call = errorOf(hedge.run(tries.work, { deadlineAt: 50 }));
    await clock.advanceAsync(50);
    tries.at(1).reject("down");
    expect(await call).toBe("down");
    expect(tries.started.length).toBe(1);
  });
});

describe("the context (AsyncLocalStorage)", () => {
  it("of each try is that of its own call, though one timer serves all", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { clock, hedge } = makeLab({ maxHedges: 2 });
    const seen: unknown[] = [];
    const slow = (): Promise<never> => {
      seen.push(storage.getStore());
      return new Promise(() => undefined);
    };
    const failing = async (): Promise<never> => {
      seen.push(storage.getStore());
      throw new Error("down");
    };
    storage.run("one", () => void hedge.run(slow));
    storage.run("two", () => void hedge.run(slow));
    await clock.advanceAsync(200);
    expect(seen).toEqual(["one", "two", "one", "two", "one", "two"]);
    seen.length = 0;
    await storage.run("three", () => hedge.run(failing)).catch(() => undefined);
    expect(seen).toEqual(["three", "three", "three"]);
  });
});

describe("the layer", () => {
  it("hands on input and call, the call's other properties with it, and says what it is", async () => {
    const { clock, hedge: one } = makeLab({ name: "prices" });
    const seen: unknown[] = [];
    const guarded = one.layer(async (input: number, call: Call & { readonly user: string }) => {
      seen.push([input, call.user, call.priority, call.signal instanceof AbortSignal]);
      return input;
    });
    expect(await guarded(7, { user: "ada", priority: 2 })).toBe(7);
    expect(seen).toEqual([[7, "ada", 2, true]]);
    expect(descriptionOf(one.layer)).toEqual({ kind: "hedge", name: "prices" });
    expect(descriptionOf(hedge({ delayMs: 1, clock }))).toEqual({ kind: "hedge", name: undefined });
    expect(one.name).toBe("prices");
  });

  it("hands on an empty call where JavaScript left it out, and hides itself from the service", async () => {
    const { hedge: one } = makeLab({ delayMs: Infinity });
    const seen: unknown[] = [];
    const guarded = one.layer(function (this: unknown, _input: number, call: Call) {
      seen.push(this, call);
      return Promise.resolve(1);
    }) as (input: number) => Promise<number>;
    expect(await guarded(1)).toBe(1);
    expect(seen).toEqual([undefined, noCall]);
  });
});

describe("measurements and listeners", () => {
  it("count what happens, by name", async () => {
    const meter = new FakeMeter();
    const { clock, hedge, tries } = makeLab({ meter, name: "prices" });
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    tries.at(2).resolve("second");
    await call;
    tries.at(1).resolve("first");
    await settled();
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.hedge.calls {"name":"prices"}': 1,
      'breakwater.hedge.hedges {"name":"prices","reason":"slow"}': 1,
      'breakwater.hedge.wins {"name":"prices"}': 1,
      'breakwater.hedge.disposals {"name":"prices"}': 1,
    });
    expect(meter.gauges.get("breakwater.hedge.delay")?.()).toBe(0.1);
  });

  it("fail no call and corrupt nothing, whatever they throw", async () => {
    const warnings = catchWarnings();
    const throws = (): never => {
      throw new Error("listener");
    };
    const meter = { counter: () => ({ add: throws }), histogram: () => ({ record: throws }), gauge: () => () => undefined };
    const { clock, hedge, tries } = makeLab({ meter });
    for (const type of ["hedged", "won", "failed", "disposed"] as const) hedge.on(type, throws);
    const call = hedge.run(tries.work);
    await clock.advanceAsync(100);
    tries.at(2).resolve("second");
    expect(await call).toBe("second");
    tries.at(1).reject("late");
    await settled();
    expect(hedge.stats.running).toBe(0);
    expect(warnings.mock.calls.length).toBeGreaterThan(4);
  });

  it("may call back in: work, listeners and abort handlers find a call that is settled, or go on with theirs", async () => {
    const { clock, hedge, tries } = makeLab();
    const inner: unknown[] = [];
    hedge.on("hedged", () => void hedge.run(() => "from a listener").then((value) => inner.push(value)));
    const call = hedge.run((own) => {
      own.signal?.addEventListener("abort", () => void hedge.run(() => "from a loser").then((value) => inner.push(value)));
      return hedge.run(tries.work);
    });
    await clock.advanceAsync(100); // both levels hedge
    tries.started.at(-1)?.resolve("deep");
    expect(await call).toBe("deep");
    await settled();
    expect(inner).toContain("from a listener");
    expect(inner).toContain("from a loser");
  });
});

describe("options", () => {
  it("are checked once, by name and value, and not kept", async () => {
    const wrong = (options: object): (() => unknown) => () => new Hedge({ delayMs: 1, ...options });
    expect(wrong({ delayMs: "1" })).toThrow('delayMs must be a number, got "1"');
    expect(wrong({ delayMs: NaN })).toThrow("delayMs must be a number from 0 to Infinity, got NaN");
    expect(wrong({ delayMs: null })).toThrow(TypeError);
    expect(wrong({ delayMs: {} })).toThrow("delayMs.delayMs must be a function");
    expect(wrong({ maxHedges: 0 })).toThrow("maxHedges must be a whole number from 1 to 10, got 0");
    expect(wrong({ maxHedges: 11 })).toThrow(RangeError);
    expect(wrong({ isFatal: 1 })).toThrow("isFatal must be a function");
    expect(wrong({ dispose: 1 })).toThrow("dispose must be a function");
    expect(wrong({ idempotent: 1 })).toThrow("idempotent must be a function");
    expect(wrong({ budget: null })).toThrow("budget.deposit must be a function");
    expect(wrong({ budget: { deposit: () => undefined } })).toThrow("budget.tryWithdraw must be a function");
    const clock = new ManualClock();
    const options = Object.freeze({ delayMs: 100, clock });
    const [one, other] = [new Hedge(options), new Hedge(options)];
    await one.run(() => 1);
    expect([one.stats.calls, other.stats.calls]).toEqual([1, 0]);
  });
});

describe("laws", () => {
  // With a delay of 0 the losers run on when the call has its answer.
  const make = (delayMs: number) => () => {
    const hedge = new Hedge({ delayMs, budget: false, clock: new ManualClock() });
    return { run: <T>(work: () => T | PromiseLike<T>, call: Call) => hedge.run(work, call), inUse: () => (delayMs === 0 ? 0 : hedge.stats.running) };
  };
  for (const delayMs of [0, 100, Infinity]) {
    for (const law of runLaws(make(delayMs))) it(`${law.name} (delayMs ${delayMs})`, law.check);
  }
});
