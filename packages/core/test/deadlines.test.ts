import { Deadlines, type Clock, type Expiring } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

class Item implements Expiring {
  heapIndex = -1;
  readonly deadlineAt: number;
  readonly #log: Item[];

  constructor(deadlineAt: number, log: Item[]) {
    this.deadlineAt = deadlineAt;
    this.#log = log;
  }

  expire(): void {
    this.#log.push(this);
  }
}

describe("many deadlines on one timer", () => {
  it("expire in order of time, none early", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const log: Item[] = [];
    for (const at of [30, 10, 20]) deadlines.add(new Item(at, log));
    expect(clock.pendingTimers).toBe(1);
    clock.advance(9);
    expect(log).toEqual([]);
    clock.advance(11);
    expect(log.map(({ deadlineAt }) => deadlineAt)).toEqual([10, 20]);
    clock.advance(10);
    expect(log.map(({ deadlineAt }) => deadlineAt)).toEqual([10, 20, 30]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("leave no timer behind when the last one leaves early", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const items = [10, 20, 5].map((at) => new Item(at, []));
    for (const item of items) deadlines.add(item);
    for (const item of items) deadlines.delete(item);
    for (const item of items) deadlines.delete(item);
    expect(clock.pendingTimers).toBe(0);
  });

  it("survive a timer that fires for somebody who has left", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const log: Item[] = [];
    const early = new Item(10, log);
    const late = new Item(50, log);
    deadlines.add(early);
    deadlines.add(late);
    deadlines.delete(early);
    clock.advance(49);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual([late]);
  });

  it("all expire that are due when the clock has jumped", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const log: Item[] = [];
    for (const at of [10, 20, 30]) deadlines.add(new Item(at, log));
    clock.jump(1_000);
    clock.advance(0);
    expect(log.map(({ deadlineAt }) => deadlineAt)).toEqual([10, 20, 30]);
  });

  it("may be added and deleted from within an expiry", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const log: string[] = [];
    const victim: Expiring = { deadlineAt: 10, heapIndex: -1, expire: () => log.push("victim") };
    const next: Expiring = { deadlineAt: 15, heapIndex: -1, expire: () => log.push("next") };
    const first: Expiring = {
      deadlineAt: 10,
      heapIndex: -1,
      expire: () => {
        log.push("first");
        deadlines.delete(victim);
        deadlines.add(next);
      },
    };
    deadlines.add(first);
    deadlines.add(victim);
    clock.advance(20);
    expect(log).toEqual(["first", "next"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("do what a sorted list would, whatever is done with them", () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 0, max: 100 }) }),
      fc.record({ remove: fc.nat(50) }),
      fc.record({ advance: fc.integer({ min: 0, max: 40 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const clock = new ManualClock();
        const deadlines = new Deadlines(clock);
        const log: Item[] = [];
        let model: Item[] = [];
        for (const each of steps) {
          if ("add" in each) {
            const item = new Item(clock.now() + 1 + each.add, log);
            deadlines.add(item);
            model.push(item);
          } else if ("remove" in each) {
            const [item] = model.splice(each.remove, 1);
            if (item !== undefined) deadlines.delete(item);
          } else {
            log.length = 0;
            clock.advance(each.advance);
            const due = model.filter(({ deadlineAt }) => deadlineAt <= clock.now());
            model = model.filter(({ deadlineAt }) => deadlineAt > clock.now());
            expect(log.map(({ deadlineAt }) => deadlineAt)).toEqual(due.map(({ deadlineAt }) => deadlineAt).sort((a, b) => a - b));
            expect(new Set(log)).toEqual(new Set(due));
          }
          expect(clock.pendingTimers).toBe(model.length > 0 ? 1 : 0);
        }
      }),
    );
  });
});

describe("housekeeping", () => {
  class Chore extends Item {
    readonly isHousekeeping = true;
  }

  for (const canRef of [true, false]) {
    it(`keeps no process alive, alone; what is awaited does, for as long as it is in (${canRef ? "with" : "without"} ref)`, () => {
      const manual = new ManualClock();
      const clock: Clock = canRef
        ? manual
        : {
            now: () => manual.now(),
            setTimer: (callback, delayMs) => {
              const timer = manual.setTimer(callback, delayMs);
              return { cancel: () => timer.cancel(), unref: () => timer.unref() };
            },
          };
      const deadlines = new Deadlines(clock);
      const log: Item[] = [];
      const [chore, awaited] = [new Chore(10, log), new Item(20, log)];
      deadlines.add(chore);
      expect([manual.pendingTimers, manual.pendingRefTimers]).toEqual([1, 0]);
      deadlines.add(awaited);
      expect([manual.pendingTimers, manual.pendingRefTimers]).toEqual([1, 1]);
      deadlines.delete(awaited);
      expect([manual.pendingTimers, manual.pendingRefTimers]).toEqual([1, 0]);
      deadlines.add(awaited);
      manual.advance(10);
      expect([manual.pendingTimers, manual.pendingRefTimers]).toEqual([1, 1]);
      manual.advance(10);
      expect(log).toEqual([chore, awaited]);
      expect(manual.pendingTimers).toBe(0);
    });
  }
});
