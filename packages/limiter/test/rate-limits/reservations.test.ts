import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcra, tokenBucket, type Booking, type ReservableAlgorithm, type ReservableState } from "@breakwater/limiter";

/** Go's t0, t1, ... are 100 ms apart. */
const t = (index: number): number => 100 * index;

const kinds: Record<string, (perSecond: number, burst: number) => ReservableAlgorithm> = {
  tokenBucket: (refillPerSecond, burst) => tokenBucket({ refillPerSecond, burst }),
  gcra: (limit, burst) => gcra({ limit, perMs: 1000, burst }),
};

/** The test tables of golang.org/x/time/rate, by their names there. */
describe.each(Object.entries(kinds))("%s books as Go's x/time/rate does", (_, make) => {
  const book = (state: ReservableState, now: number, weight: number, at: number): Booking => {
    const booking = state.reserve(weight, now, Infinity);
    expect(booking?.at).toBeCloseTo(at, 6);
    if (booking === undefined) throw new Error("expected a booking");
    return booking;
  };

  it("TestSimpleReserve", () => {
    const state = make(10, 2).fresh(0);
    book(state, t(0), 2, t(0));
    book(state, t(0), 2, t(2));
    book(state, t(3), 2, t(4));
  });

  it("TestMix, TestCancelInvalid: too much is never booked, and writes nothing", () => {
    const state = make(10, 2).fresh(0);
    expect(state.reserve(3, t(0), Infinity)).toBeUndefined();
    book(state, t(0), 2, t(0));
    expect(state.reserve(3, t(0), Infinity)).toBeUndefined();
    book(state, t(1), 2, t(2));
  });

  it("TestCancelLast", () => {
    const state = make(10, 2).fresh(0);
    book(state, t(0), 2, t(0));
    const booking = book(state, t(0), 2, t(2));
    state.cancel(booking, t(1));
    book(state, t(1), 2, t(2));
  });

  it("TestCancelTooLate", () => {
    const state = make(10, 2).fresh(0);
    book(state, t(0), 2, t(0));
    const booking = book(state, t(0), 2, t(2));
    state.cancel(booking, t(3));
    book(state, t(3), 2, t(4));
  });

  it("TestCancel0Tokens", () => {
    const state = make(10, 2).fresh(0);
    book(state, t(0), 2, t(0));
    const booking = book(state, t(0), 1, t(1));
    book(state, t(0), 1, t(2));
    state.cancel(booking, t(0));
    book(state, t(0), 1, t(3));
  });

  it("TestCancel1Token", () => {
    const state = make(10, 2).fresh(0);
    book(state, t(0), 2, t(0));
    const booking = book(state, t(0), 2, t(2));
    book(state, t(0), 1, t(3));
    state.cancel(booking, t(2));
    book(state, t(2), 2, t(4));
  });

  it("TestCancelMulti", () => {
    const state = make(10, 4).fresh(0);
    book(state, t(0), 4, t(0));
    const first = book(state, t(0), 3, t(3));
    book(state, t(0), 1, t(4));
    const third = book(state, t(0), 1, t(5));
    state.cancel(third, t(1));
    state.cancel(first, t(1));
    book(state, t(1), 3, t(5));
  });

  it("TestReserveSetLimit: reservations keep their times under a new rate", () => {
    const state = make(5, 2).fresh(0);
    book(state, t(0), 2, t(0));
    book(state, t(0), 2, t(4));
    expect(state.adopt(make(10, 2), t(2))).toBe(true);
    book(state, t(2), 1, t(4));
  });

  it("TestReserveSetLimitCancel: what comes back is counted at the rate of its booking", () => {
    const state = make(5, 2).fresh(0);
    book(state, t(0), 2, t(0));
    const booking = book(state, t(0), 2, t(4));
    state.adopt(make(10, 2), t(2));
    state.cancel(booking, t(2));
    book(state, t(2), 2, t(3));
  });

  it("TestReserveMax, B5: what is not in time is not booked", () => {
    const state = make(10, 2).fresh(0);
    expect(state.reserve(2, t(0), 100)?.at).toBe(t(0));
    expect(state.reserve(1, t(0), 100)?.at).toBeCloseTo(t(1), 6);
    expect(state.reserve(1, t(0), 100)).toBeUndefined();
    book(state, t(0), 1, t(2));
  });

  it("B4: a take at once after a cancellation is not given back by cancelling another", () => {
    const state = make(10, 3).fresh(0);
    book(state, t(0), 3, t(0));
    const first = book(state, t(0), 3, t(3));
    const second = book(state, t(0), 1, t(4));
    state.cancel(first, t(0)); // two of three come back
    expect([state.tryTake(1, t(3)), state.tryTake(1, t(3))]).toEqual([true, false]);
    state.cancel(second, t(3));
    expect(state.remaining(t(3))).toBe(1);
  });

  it("an infinite rate books for now, a rate of nothing never", () => {
    expect(make(Infinity, 0).fresh(0).reserve(1000, 5, 0)?.at).toBe(5);
    const empty = make(0, 2).fresh(0);
    while (empty.tryTake(1, 0));
    expect(empty.reserve(1, 0, Infinity)).toBeUndefined();
  });

  it("whatever is booked, taken and cancelled, at no time more acts than has dropped in", () => {
    const act = fc.oneof(
      fc.record({ type: fc.constant("book" as const), weight: fc.integer({ min: 1, max: 3 }), maxDelayMs: fc.constantFrom(0, 200, Infinity) }),
      fc.record({ type: fc.constant("take" as const), weight: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ type: fc.constant("cancel" as const), index: fc.nat(10) }),
      fc.record({ type: fc.constant("advance" as const), ms: fc.nat(300) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const state = make(10, 3).fresh(0);
        const live = new Set<Booking>();
        let now = 0;
        for (const each of acts) {
          if (each.type === "advance") now += each.ms;
          else if (each.type === "take") {
            if (state.tryTake(each.weight, now)) live.add({ at: now, weight: each.weight, msPerUnit: 100 });
          } else if (each.type === "book") {
            const booking = state.reserve(each.weight, now, each.maxDelayMs);
            if (booking !== undefined) live.add(booking);
          } else {
            const booking = [...live].filter(({ at }) => at > now)[each.index];
            if (booking === undefined) continue;
            state.cancel(booking, now);
            live.delete(booking);
          }
        }
        const acting = [...live].sort((one, other) => one.at - other.at);
        for (const [first, { at: from }] of acting.entries()) {
          let acted = 0;
          for (const { at, weight } of acting.slice(first)) {
            acted += weight;
            expect(acted).toBeLessThanOrEqual(3 + (at - from) / 100 + 1e-3);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
