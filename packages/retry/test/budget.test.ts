import fc from "fast-check";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Retry, RetryBudget } from "@breakwater/retry";
import { describe, expect, it, vi } from "vitest";
import { broken, catchWarnings, errorOf, makeRetry } from "./helpers.ts";

function times(count: number, action: () => void): void {
  for (let i = 0; i < count; i += 1) action();
}

function withdrawAll(budget: RetryBudget): number {
  let granted = 0;
  while (budget.tryWithdraw()) granted += 1;
  return granted;
}

describe("RetryBudget", () => {
  it("grants a share of the deposits, and some each second besides", () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 3, windowMs: 10_000, clock: new ManualClock() });
    times(100, () => budget.deposit());
    expect(budget.stats).toEqual({ balance: 50, requests: 100, withdrawn: 0, refused: 0 });
    expect(withdrawAll(budget)).toBe(50);
    expect(budget.stats).toEqual({ balance: 0, requests: 100, withdrawn: 50, refused: 1 });
  });

  it("has by default a tenth of the calls and one a second over ten seconds", () => {
    const budget = new RetryBudget({ clock: new ManualClock() });
    expect(withdrawAll(budget)).toBe(10);
    times(100, () => budget.deposit());
    expect(withdrawAll(budget)).toBe(10);
  });

  it("with nothing a second and no calls grants nothing", () => {
    expect(new RetryBudget({ minPerSecond: 0, clock: new ManualClock() }).tryWithdraw()).toBe(false);
  });

  it("with Infinity a second refuses nothing", () => {
    const budget = new RetryBudget({ minPerSecond: Infinity, ratio: 0, clock: new ManualClock() });
    times(1_000, () => expect(budget.tryWithdraw()).toBe(true));
    expect(budget.stats.balance).toBe(Infinity);
  });

  it("forgets deposits on reading as on writing, and everything after an idle hour", () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0, windowMs: 1_000, clock });
    times(10, () => budget.deposit());
    expect(budget.stats.balance).toBe(5);
    clock.advance(1_020);
    expect(budget.stats.balance).toBe(0);
    expect(budget.tryWithdraw()).toBe(false);
    times(10, () => budget.deposit());
    expect(withdrawAll(budget)).toBe(5);
    clock.advance(3_600_000);
    times(2, () => budget.deposit());
    expect(withdrawAll(budget)).toBe(1);
  });

  it("withdrawals come back when they have left the window, not before", () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ minPerSecond: 2, windowMs: 1_000, clock });
    expect(withdrawAll(budget)).toBe(2);
    clock.advance(999);
    expect(budget.tryWithdraw()).toBe(false);
    clock.advance(21); // and one slot of 20 ms
    expect(withdrawAll(budget)).toBe(2);
  });

  it("counts in the slot where the window begins what was withdrawn, and not what was deposited", () => {
    const clock = new ManualClock();
    const strict = new RetryBudget({ minPerSecond: 1, windowMs: 1_000, clock });
    const earned = new RetryBudget({ ratio: 1, minPerSecond: 0, windowMs: 1_000, clock });
    earned.deposit();
    clock.advance(10);
    expect(strict.tryWithdraw()).toBe(true);
    clock.advance(995); // the window is (5, 1005], its first slot [0, 20)
    expect(strict.tryWithdraw()).toBe(false);
    expect(earned.tryWithdraw()).toBe(false);
  });

  it("a clock that goes back neither frees what was withdrawn nor keeps it for longer than the window", () => {
    const clock = new ManualClock(1_000_000);
    const budget = new RetryBudget({ minPerSecond: 1, windowMs: 1_000, clock });
    expect(withdrawAll(budget)).toBe(1);
    clock.jump(-900_000);
    expect(budget.tryWithdraw()).toBe(false);
    clock.advance(1_020);
    expect(withdrawAll(budget)).toBe(1);
  });

  it("goes on where the clock's steps are coarser than its slots", () => {
    const clock = new ManualClock(1e15);
    const budget = new RetryBudget({ minPerSecond: 1_000, windowMs: 1, clock });
    times(100, () => {
      clock.advance(0.25);
      budget.deposit();
      budget.tryWithdraw();
    });
    expect(budget.stats.requests).toBe(100);
  });

  it("looks at no clock before it is used, so that one can be made where there is none yet", () => {
    const clock = new ManualClock(5_000);
    const now = vi.spyOn(clock, "now");
    const timers = vi.spyOn(globalThis, "setTimeout");
    const budget = new RetryBudget({ minPerSecond: 1, windowMs: 1_000, clock });
    new Retry();
    expect(now).not.toHaveBeenCalled();
    expect(timers).not.toHaveBeenCalled();
    timers.mockRestore();
    expect(withdrawAll(budget)).toBe(1);
  });

  it("sets no timer on the given clock, and takes the system's through one that keeps no process alive", () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ clock });
    budget.deposit();
    budget.tryWithdraw();
    expect(clock.pendingTimers).toBe(0);
    const own = new RetryBudget();
    times(10, () => own.deposit());
    expect(own.stats).toMatchObject({ balance: 11, requests: 10 });
  });

  it.each([
    ["ratio", { ratio: 1.1 }, RangeError],
    ["ratio", { ratio: "0.1" }, TypeError],
    ["minPerSecond", { minPerSecond: -1 }, RangeError],
    ["windowMs", { windowMs: 0 }, RangeError],
    ["windowMs", { windowMs: Infinity }, RangeError],
    ["clock.now", { clock: {} }, TypeError],
  ])("refuses a wrong %s", (option, options, kind) => {
    const make = (): RetryBudget => new RetryBudget(options as object);
    expect(make).toThrow(kind);
    expect(make).toThrow(option);
  });
});

interface Step {
  readonly kind: "deposit" | "withdraw" | "advance" | "jump";
  /** In ms; near the edges of slots (20 ms) and of the window (1,000 ms) more often than elsewhere. */
  readonly amount: number;
  readonly who: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("deposit", "deposit", "withdraw", "withdraw", "advance", "jump"),
    amount: fc.oneof(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 970, max: 1_030 }), fc.integer({ min: 1, max: 3_000 })),
    who: fc.nat({ max: 2 }),
  }),
  { maxLength: 200 },
);

describe("the law of the budget", () => {
  it("at each withdrawal the true window holds no more than its deposits and the minimum allow, whatever the steps", () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(0.1, 0.5, 1), fc.constantFrom(0, 1, 5), (script, ratio, minPerSecond) => {
        const windowMs = 1_000;
        const clock = new ManualClock();
        const budget = new RetryBudget({ ratio, minPerSecond, windowMs, clock });
        const deposits: number[] = [];
        const withdrawals: number[] = [];
        const recent = (at: readonly number[]): number => at.filter((time) => time > clock.now() - windowMs).length;
        let refused = 0;
        for (const { kind, amount } of script) {
          if (kind === "advance") clock.advance(amount);
          else if (kind === "jump") clock.jump(amount);
          else if (kind === "deposit") {
            deposits.push(clock.now());
            budget.deposit();
          } else {
            const { balance } = budget.stats;
            const isGranted = budget.tryWithdraw();
            expect(isGranted).toBe(balance >= 1);
            if (isGranted) withdrawals.push(clock.now());
            else refused += 1;
            if (isGranted) expect(recent(withdrawals)).toBeLessThanOrEqual(ratio * recent(deposits) + (minPerSecond * windowMs) / 1_000);
          }
        }
        expect(budget.stats).toMatchObject({ requests: deposits.length, withdrawn: withdrawals.length, refused });
      }),
      { numRuns: 300 },
    );
  });

  it("refuses nothing that a window longer by a slot on the one side, and shorter on the other, would allow", () => {
    fc.assert(
      fc.property(steps, (script) => {
        const clock = new ManualClock();
        const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 1, windowMs: 1_000, clock });
        const deposits: number[] = [];
        const withdrawals: number[] = [];
        const since = (at: readonly number[], ms: number): number => at.filter((time) => time > clock.now() - ms).length;
        for (const { kind, amount } of script) {
          if (kind === "advance" || kind === "jump") clock.advance(amount);
          else if (kind === "deposit") {
            deposits.push(clock.now());
            budget.deposit();
          } else {
            const isAllowed = since(withdrawals, 1_021) + 1 <= 0.5 * since(deposits, 979) + 1;
            const isGranted = budget.tryWithdraw();
            if (isAllowed) expect(isGranted).toBe(true);
            if (isGranted) withdrawals.push(clock.now());
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("holds for several retries that share it: never more attempts than calls, their share, and the minimum", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const clock = new ManualClock();
        const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 2, windowMs: 1_000, clock });
        const retries = [1, 2, 3].map((attempts) => new Retry({ attempts: attempts + 1, budget, clock, random: () => 0.5 }));
        for (const { kind, amount, who } of script) {
          if (kind === "advance" || kind === "jump") await clock.advanceAsync(amount);
          else retries[who]?.run(broken("down")).catch(() => undefined);
        }
        await settled();
        const all = retries.map((retry) => retry.stats);
        const sum = (read: (stats: Retry["stats"]) => number): number => all.reduce((total, stats) => total + read(stats), 0);
        expect(budget.stats.requests).toBe(sum(({ calls }) => calls));
        expect(budget.stats.withdrawn).toBe(sum(({ attempts, calls, waiting }) => attempts - calls + waiting));
        expect(budget.stats.refused).toBe(sum(({ gaveUp }) => gaveUp.budget));
      }),
      { numRuns: 50 },
    );
  });
});

describe("Retry with a budget", () => {
  it("charges it when the retry is scheduled, so that a burst of callers cannot overshoot, and nobody waits in vain", async () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1, windowMs: 3_000, clock });
    const { retry } = makeRetry({ budget, clock, attempts: 2 });
    const calls = Array.from({ length: 10 }, () => retry.run(broken("down")));
    const endings = Promise.allSettled(calls);
    await settled();
    expect(budget.stats).toMatchObject({ withdrawn: 3, refused: 7 });
    expect(retry.stats).toMatchObject({ waiting: 3, attempts: 10, gaveUp: { budget: 7 } });
    await clock.advanceAsync(100);
    await endings;
    expect(retry.stats).toMatchObject({ waiting: 0, attempts: 13, gaveUp: { budget: 7, attempts: 3 } });
  });

  it("has one of its own by default, so that a dependency that is down gets a tenth more and not three times as much", async () => {
    const { retry, clock } = makeRetry({ budget: undefined });
    const calls = Array.from({ length: 1_000 }, () => retry.run(broken("down")));
    const endings = Promise.allSettled(calls);
    await clock.advanceAsync(1_000);
    await endings;
    expect(retry.stats.attempts).toBe(1_000 + 100 + 10);
  });

  it("that is broken, of the user's own, fails no call: it pays nothing, and that is reported", async () => {
    const fault = (): never => {
      throw new Error("broken");
    };
    const later = (() => Promise.resolve(true)) as unknown as () => boolean; // as in JavaScript
    for (const budget of [{ deposit: fault, tryWithdraw: fault }, { deposit: fault, tryWithdraw: later }]) {
      const warnings = catchWarnings();
      const { retry } = makeRetry({ budget });
      await expect(retry.run(() => "fine")).resolves.toBe("fine");
      expect(await errorOf(retry.run(broken("down")))).toBe("down");
      expect(retry.stats).toMatchObject({ attempts: 2, gaveUp: { budget: 1 } });
      expect(warnings).toHaveBeenCalledTimes(3);
      warnings.mockRestore();
    }
  });

  it("is not charged for a retry that the deadline forbids", async () => {
    const clock = new ManualClock();
    const budget = new RetryBudget({ clock });
    const { retry } = makeRetry({ budget, clock });
    await retry.run(broken("down"), { deadlineAt: 50 }).catch(() => undefined);
    expect(budget.stats).toMatchObject({ requests: 1, withdrawn: 0, refused: 0 });
  });
});
