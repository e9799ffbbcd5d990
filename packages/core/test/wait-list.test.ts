import { WaitList } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

function makeList(left?: () => void): { clock: ManualClock; list: WaitList<string, number> } {
  const clock = new ManualClock();
  const expired = (ask: number): string => `${ask} is out of time`;
  return { clock, list: new WaitList(left === undefined ? { clock, expired } : { clock, expired, left }) };
}

describe("a wait list", () => {
  it("hands values to the oldest first", async () => {
    const { list } = makeList();
    const waits = [list.wait(1, {}), list.wait(2, {})];
    expect(list.next()?.ask).toBe(1);
    list.grant("a");
    expect(list.next()?.ask).toBe(2);
    list.grant("b");
    expect(await Promise.all(waits)).toEqual(["a", "b"]);
    expect([list.size, list.next(), list.grant("c"), list.refuse("d")]).toEqual([0, undefined, false, false]);
  });

  it("refuses the oldest with the very error", async () => {
    const { list } = makeList();
    const refused = expect(list.wait(1, {})).rejects.toBe("no");
    expect(list.refuse("no")).toBe(true);
    await refused;
  });

  it.each([[new Error("gone")], ["a text"], [undefined], [null]])("an abort leaves at once, with the signal's own reason: %s", async (reason) => {
    const left = vi.fn();
    const { list } = makeList(left);
    const controller = new AbortController();
    const wait = list.wait(1, { signal: controller.signal });
    const other = list.wait(2, {});
    controller.abort(reason);
    // An abort without a reason makes one.
    await expect(wait).rejects.toBe(controller.signal.reason);
    expect([list.size, left.mock.calls.length]).toEqual([1, 1]);
    list.grant("a");
    expect(await other).toBe("a");
  });

  it("never admits an aborted signal or a passed deadline", async () => {
    const { clock, list } = makeList();
    clock.jump(100);
    await expect(list.wait(1, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    await expect(list.wait(2, { deadlineAt: 100 })).rejects.toBe("2 is out of time");
    expect(list.size).toBe(0);
  });

  it("ends a wait at its deadline, also behind others", async () => {
    const left = vi.fn();
    const { clock, list } = makeList(left);
    void list.wait(1, {});
    const wait = expect(list.wait(2, { deadlineAt: 50 })).rejects.toBe("2 is out of time");
    clock.advance(50);
    await wait;
    expect([list.size, left.mock.calls.length, clock.pendingTimers]).toEqual([1, 1, 0]);
  });

  it("never serves one whose time is over, however late the timer is", async () => {
    const { clock, list } = makeList();
    const late = expect(list.wait(1, { deadlineAt: 50 })).rejects.toBe("1 is out of time");
    const other = list.wait(2, {});
    clock.jump(60); // the event loop was blocked
    expect(list.next()?.ask).toBe(2);
    list.grant("a");
    expect(await other).toBe("a");
    await late;
  });

  it("never serves one of an aborted signal while its siblings are being told", async () => {
    const controller = new AbortController();
    const served: unknown[] = [];
    const { list } = makeList(() => {
      if (list.next() !== undefined) served.push(list.next()?.ask);
    });
    const waits = [1, 2, 3].map((ask) => list.wait(ask, { signal: controller.signal }).catch((error: unknown) => error));
    controller.abort("gone");
    expect(await Promise.all(waits)).toEqual(["gone", "gone", "gone"]);
    expect([served, list.size]).toEqual([[], 0]);
  });

  it("leaves what was granted with its owner, whatever the signal does then", async () => {
    const { list } = makeList();
    const controller = new AbortController();
    const wait = list.wait(1, { signal: controller.signal, deadlineAt: 10 });
    list.grant("mine");
    controller.abort("too late");
    expect(await wait).toBe("mine");
  });

  it("adds one listener to a signal for 40,000 waiters, and removes it with the last", async () => {
    const { list } = makeList();
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const waits = Array.from({ length: 40_000 }, (_, ask) => list.wait(ask, { signal: controller.signal }));
    list.grant("first");
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 0]);
    controller.abort("all of you");
    const ends = await Promise.allSettled(waits);
    expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(39_999);
    expect([list.size, removed.mock.calls.length]).toEqual([0, 1]);
  });

  it("may be looked at, and called into, while it makes the error of one that expired", async () => {
    const clock = new ManualClock();
    const sizes: number[] = [];
    const list: WaitList<string> = new WaitList<string>({
      clock,
      expired: () => {
        sizes.push(list.size);
        list.next();
        return "late";
      },
    });
    const wait = expect(list.wait(undefined, { deadlineAt: 5 })).rejects.toBe("late");
    clock.advance(5);
    await wait;
    expect(sizes).toEqual([0]);
  });

  it("settles everybody exactly once and in order, whatever is done with it", async () => {
    type Fate = "waiting" | "granted" | "aborted" | "expired" | "refused";
    interface Model { readonly deadlineAt: number; readonly signal: number; fate: Fate }
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ wait: fc.record({ ms: fc.constantFrom(5, 20, Infinity), signal: fc.nat(3) }) }) },
      { weight: 2, arbitrary: fc.constant({ grant: true }) },
      { weight: 1, arbitrary: fc.constant({ refuse: true }) },
      { weight: 1, arbitrary: fc.record({ abort: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 15 }) }) },
      { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: 1, max: 15 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, list } = makeList();
        const controllers = Array.from({ length: 4 }, () => new AbortController());
        const model: Model[] = [];
        const seen: Fate[] = [];
        const live = (): Model | undefined => model.find(({ fate }) => fate === "waiting");
        const expireUntil = (now: number): void => {
          for (const each of model) if (each.fate === "waiting" && each.deadlineAt <= now) each.fate = "expired";
        };
        const expireHeads = (): void => {
          for (let head = live(); head !== undefined && head.deadlineAt <= clock.now(); head = live()) head.fate = "expired";
        };
        for (const each of steps) {
          if ("wait" in each) {
            const { ms, signal } = each.wait;
            const index = model.length;
            const isAborted = controllers[signal]?.signal.aborted === true;
            model.push({ deadlineAt: clock.now() + ms, signal, fate: isAborted ? "aborted" : "waiting" });
            seen.push("waiting");
            list.wait(index, { signal: controllers[signal]?.signal, deadlineAt: clock.now() + ms }).then(
              () => (seen[index] = "granted"),
              (error: unknown) => (seen[index] = error === "abort" ? "aborted" : error === "refused" ? "refused" : "expired"),
            );
          } else if ("grant" in each || "refuse" in each) {
            expireHeads();
            const head = live();
            if (head !== undefined) head.fate = "grant" in each ? "granted" : "refused";
            list.next();
            if ("grant" in each) list.grant("value");
            else list.refuse("refused");
          } else if ("abort" in each) {
            controllers[each.abort]?.abort("abort");
            for (const one of model) if (one.fate === "waiting" && one.signal === each.abort) one.fate = "aborted";
          } else if ("advance" in each) {
            clock.advance(each.advance);
            expireUntil(clock.now());
          } else {
            clock.jump(each.jump);
          }
          await settled();
          expect(seen).toEqual(model.map(({ fate }) => fate));
          expect(list.size).toBe(model.filter(({ fate }) => fate === "waiting").length);
        }
        while (list.refuse("refused"));
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
