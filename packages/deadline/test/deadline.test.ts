import { CoarseClock, descriptionOf, isRejected, noCall, outcomeOfError, RejectedError, WaitList, type Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Deadline, deadline, DeadlineExceededError, Timeout, timeout, TimeoutError, type DeadlineOptions } from "@breakwater/deadline";
import { describe, expect, it } from "vitest";
import { countListeners, deaf, Held, makeDeadline, obedient, watch } from "./helpers.ts";

/** The call that reaches the inside of a layer. */
async function callInside(layer: ReturnType<typeof deadline>, call: Call): Promise<Call> {
  return layer(async (_: number, inside: Call) => inside)(1, call);
}

describe("a deadline that is tighter than the call's", () => {
  it("travels with the call, as a point in time", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100 });
    expect((await callInside(deadline.layer, {})).deadlineAt).toBe(1_100);
    clock.advance(30);
    expect((await callInside(deadline.layer, { deadlineAt: 5_000 })).deadlineAt).toBe(1_130);
  });

  it("rejects at the time, whatever the work does, and aborts its signal", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100, name: "request" });
    const held = new Held();
    const run = watch(deadline.run(held.work));
    const { signal } = held;
    await clock.advanceAsync(100);
    expect(run.error).toBeInstanceOf(TimeoutError);
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline", timeoutMs: 100, source: "request" });
    expect(signal.reason).toBe(run.error);
    expect(isRejected(run.error)).toBe(false);
    expect(outcomeOfError(run.error, {})).toBe("failure");
  });

  it("can be cooperative", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100, mode: "cooperative", graceMs: 50 });
    const run = watch(deadline.run(deaf(clock, 500, 1)));
    await clock.advanceAsync(149);
    expect(run.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(run.status).toBe("rejected");
  });

  it("takes the place of one that is no number", async () => {
    const { deadline } = makeDeadline({ timeoutMs: 100 });
    expect((await callInside(deadline.layer, { deadlineAt: NaN })).deadlineAt).toBe(1_100);
  });

  it("ends all waits inside at the same time, so that they do not add up", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100 });
    const waits: number[] = [];
    const waitUntil = async (call: Call): Promise<void> => {
      const from = clock.now();
      await new Promise<void>((resolve) => clock.setTimer(resolve, Math.min(70, (call.deadlineAt ?? Infinity) - from)));
      waits.push(clock.now() - from);
    };
    const run = watch(
      deadline.run(async (call) => {
        for (let i = 0; i < 3; i += 1) await waitUntil(call);
      }),
    );
    await clock.advanceAsync(1_000);
    expect(waits).toEqual([70, 30, 0]);
    expect(run.status).toBe("fulfilled");
  });
});

describe("a wait inside that ends by the deadline", () => {
  it("tells its own refusal, which is neutral: the work had not been started", async () => {
    for (const bounded of [makeDeadline({ timeoutMs: 100 }), makeDeadline({ timeoutMs: 100, mode: "cooperative" })]) {
      const { deadline, clock } = bounded;
      const queue = new WaitList<number>({ clock, expired: () => new RejectedError("ERR_FULL", "no place in time", { reason: "deadline" }) });
      const run = watch(deadline.run(({ signal, deadlineAt }) => queue.wait(undefined, { signal, deadlineAt })));
      await clock.advanceAsync(100);
      expect(run.error).toMatchObject({ code: "ERR_FULL" });
      expect(deadline.stats).toMatchObject({ timeouts: 0, neutrals: 1, failures: 0 });
    }
  });
});

describe("a call whose deadline is tighter already", () => {
  it("passes through as the same object, with its signal unread, no timer and no listener", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100 });
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    let reads = 0;
    const call = {
      deadlineAt: 1_100,
      get signal() {
        reads += 1;
        return signal;
      },
    };
    expect(await callInside(deadline.layer, call)).toBe(call);
    expect(await deadline.run(async (inside) => inside, call)).toBe(call);
    expect(reads).toBe(0);
    expect(listeners.most).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(deadline.stats).toMatchObject({ passed: 2, running: 0, successes: 0 });
  });

  it("gets the promise of the work itself", () => {
    const { deadline } = makeDeadline({ timeoutMs: 100 });
    const promise = Promise.resolve(1);
    expect(deadline.run(() => promise, { deadlineAt: 1_050 })).toBe(promise);
    expect(deadline.layer(() => promise)(1, { deadlineAt: 1_050 })).toBe(promise);
  });

  it("still gets a promise from work that answers or throws at once", async () => {
    const { deadline } = makeDeadline({ timeoutMs: 100 });
    const call = { deadlineAt: 1_050 };
    expect(await deadline.run(() => 1, call)).toBe(1);
    const broken = (): never => {
      throw new Error("at once");
    };
    await expect(deadline.run(broken, call)).rejects.toThrow("at once");
    await expect(deadline.layer(broken)(1, call)).rejects.toThrow("at once");
  });

  it("is a question of time, not of who came first", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100 });
    const call = { deadlineAt: 1_150 };
    expect((await callInside(deadline.layer, call)).deadlineAt).toBe(1_100);
    clock.advance(60);
    expect(await callInside(deadline.layer, call)).toBe(call);
  });
});

describe("a deadline without a time of its own", () => {
  it("enforces what came in with the call", async () => {
    const { deadline, clock } = makeDeadline();
    const held = new Held();
    const run = watch(deadline.run(held.work, { deadlineAt: 1_080 }));
    expect(held.call.deadlineAt).toBe(1_080);
    const { signal } = held;
    await clock.advanceAsync(79);
    expect(run.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline", timeoutMs: 80 });
    expect(signal.aborted).toBe(true);
  });

  it("hands a call through that has none", async () => {
    const { deadline } = makeDeadline();
    for (const call of [noCall, { priority: 1 }, { deadlineAt: Infinity }]) expect(await callInside(deadline.layer, call)).toBe(call);
  });
});

describe("before the work is started", () => {
  it("a call whose deadline has passed is refused", async () => {
    for (const options of [{}, { timeoutMs: 100 }]) {
      const { deadline } = makeDeadline({ ...options, name: "request" });
      const events: unknown[] = [];
      deadline.on("rejected", (event) => events.push(event));
      let started = 0;
      for (const deadlineAt of [1_000, 999, -Infinity]) {
        const error: unknown = await deadline.run(() => (started += 1), { deadlineAt }).catch((refusal: unknown) => refusal);
        expect(error).toBeInstanceOf(DeadlineExceededError);
        expect(error).toMatchObject({ code: "ERR_DEADLINE_EXCEEDED", reason: "expired", remainingMs: 0, source: "request" });
        expect(events.at(-1)).toEqual({ reason: "expired", error });
      }
      expect(started).toBe(0);
      expect(deadline.stats).toMatchObject({ rejections: 3, running: 0 });
    }
  });

  it("time that a queue outside took is charged to the call", async () => {
    const { deadline, clock } = makeDeadline({ timeoutMs: 100 });
    const run = watch(
      deadline.run(async (call) => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 90)); // the queue
        return deadline.run(async (inside) => inside.deadlineAt, call);
      }),
    );
    await clock.advanceAsync(90);
    expect(run.value).toBe(1_100);
  });

  it("a call for which too little is left is refused, by a number or a function of the call", async () => {
    const expectations = [50, (call: Call) => (call.priority ?? 0) * 10];
    for (const expectedMs of expectations) {
      const { deadline } = makeDeadline({ expectedMs });
      const call = { priority: 5 };
      const error: unknown = await deadline.run(() => 1, { ...call, deadlineAt: 1_049 }).catch((refusal: unknown) => refusal);
      expect(error).toMatchObject({ code: "ERR_DEADLINE_EXCEEDED", reason: "too-short", remainingMs: 49, expectedMs: 50 });
      expect((error as Error).message).toBe("deadline: 49 ms are left, and the work is expected to take 50 ms");
      expect(isRejected(error)).toBe(true);
      expect(await deadline.run(() => 1, { ...call, deadlineAt: 1_050 })).toBe(1);
      expect(await deadline.run(() => 1, call)).toBe(1); // no deadline at all
    }
  });

  it("an expectation that throws, or is none, refuses nobody", async () => {
    const expectations = [
      () => NaN,
      () => -1,
      () => {
        throw new Error("broken");
      },
    ];
    for (const expectedMs of expectations) {
      const { deadline } = makeDeadline({ expectedMs });
      expect(await deadline.run(() => 1, { deadlineAt: 1_001 })).toBe(1);
    }
  });

  it("a caller who is gone gets the reason of the abort, not the refusal", async () => {
    const { deadline } = makeDeadline({ timeoutMs: 100 });
    const run = watch(deadline.run(() => 1, { deadlineAt: 900, signal: AbortSignal.abort("gone") }));
    await settled();
    expect(run.error).toBe("gone");
    expect(deadline.stats).toMatchObject({ rejections: 0, neutrals: 1 });
  });

  it("a refusal captures no stack", async () => {
    const { deadline } = makeDeadline();
    const error: unknown = await deadline.run(() => 1, { deadlineAt: 1 }).catch((refusal: unknown) => refusal);
    expect((error as Error).stack).not.toContain("\n");
  });
});

describe("layers", () => {
  it("say what they are", () => {
    expect(descriptionOf(timeout({ timeoutMs: 1, name: "query" }))).toEqual({ kind: "timeout", name: "query" });
    expect(descriptionOf(deadline({ name: "request" }))).toEqual({ kind: "deadline", name: "request" });
  });

  it("may be called without a call", async () => {
    const next = async (input: number, call: Call): Promise<unknown> => [input, call.deadlineAt];
    for (const layer of [timeout({ timeoutMs: 10, clock: new ManualClock() }), deadline({ timeoutMs: 10, clock: new ManualClock() })]) {
      expect(await (layer(next) as (input: number) => Promise<unknown>)(7)).toEqual([7, 10]);
    }
    expect(await (deadline()(next) as (input: number) => Promise<unknown>)(7)).toEqual([7, undefined]);
  });

  it("turn what a service throws into a rejection", async () => {
    const broken = (): never => {
      throw new Error("at once");
    };
    for (const layer of [timeout({ timeoutMs: 10 }), deadline({ timeoutMs: 10 }), deadline()]) {
      await expect(layer(broken)(1, {})).rejects.toThrow("at once");
    }
  });

  it("nested, the outer deadline ends it all, and its error comes out once", async () => {
    const clock = new ManualClock();
    const outer = new Deadline({ timeoutMs: 100, clock });
    const inner = new Timeout({ timeoutMs: 70, clock });
    const service = outer.layer(async (attempts: number, call: Call) => {
      for (let i = 1; i < attempts; i += 1) await inner.layer(obediently)(i, call).catch(() => undefined);
      return inner.layer(obediently)(attempts, call);
    });
    const obediently = (_: number, call: Call): Promise<number> => obedient(clock, 500, 1)(call);
    const run = watch(service(3, {}));
    await clock.advanceAsync(100);
    expect(run.error).toMatchObject({ reason: "deadline", timeoutMs: 100 });
    await clock.advanceAsync(2_000);
    expect(outer.stats).toMatchObject({ timeouts: 1, running: 0, abandoned: 0 });
    expect(inner.stats).toMatchObject({ timeouts: 1, neutrals: 2, running: 0 });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a clock that is behind", () => {
  it("makes a deadline too early by its resolution at most, never too late", async () => {
    const source = new ManualClock(1_000);
    const clock = new CoarseClock(10, source);
    const deadline = new Deadline({ timeoutMs: 100, clock });
    clock.now();
    source.advance(5);
    const run = watch(deadline.run(new Held().work));
    await source.advanceAsync(94);
    expect(run.status).toBe("pending");
    await source.advanceAsync(11);
    expect(run.status).toBe("rejected");
  });
});

describe("options", () => {
  it.each([
    [{ timeoutMs: 0 }, RangeError, "timeoutMs must be a number from 1 to Infinity, got 0"],
    [{ timeoutMs: "1" }, TypeError, 'timeoutMs must be a number, got "1"'],
    [{ expectedMs: -1 }, RangeError, "expectedMs must be a number from 0 to Infinity, got -1"],
    [{ timeoutMs: 50, expectedMs: 51 }, RangeError, "expectedMs must be a number from 0 to 50, got 51"],
    [{ expectedMs: "1" }, TypeError, 'expectedMs must be a number, got "1"'],
    [{ mode: "polite" }, RangeError, 'mode must be "cooperative" or "aggressive", got polite'],
  ])("are checked at construction: %j", (options, kind, message) => {
    const make = (): unknown => new Deadline(options as unknown as DeadlineOptions);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });
});
