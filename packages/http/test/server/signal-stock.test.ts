import { isLent } from "@breakwater/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SignalStock, type StockedAbort } from "../../src/front/signal-stock.ts";

/** Calls that may listen on their signal, hear it abort, and end in any order. */
type Step = "take" | "listen" | "unlisten" | "abort" | "end first" | "end last";

const steps = fc.array(fc.constantFrom<Step>("take", "take", "take", "listen", "unlisten", "abort", "end first", "end first", "end last"), { maxLength: 60 });

it("never has one signal in two calls, nor hands on one that was aborted, or on which somebody listens", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const stock = new SignalStock();
      const open: StockedAbort[] = [];
      const spoilt = new Set<StockedAbort>();
      const listeners = new Map<StockedAbort, () => void>();
      const end = (abort: StockedAbort | undefined): void => {
        if (abort === undefined) return;
        open.splice(open.indexOf(abort), 1);
        if (abort.signal.aborted || listeners.has(abort)) spoilt.add(abort);
        stock.giveBack(abort);
      };
      for (const step of run) {
        const last = open.at(-1);
        if (step === "take") {
          const abort = stock.take();
          expect([spoilt.has(abort), open.includes(abort), abort.signal.aborted, isLent(abort.signal)]).toEqual([false, false, false, true]);
          open.push(abort);
        } else if (step === "listen" && last !== undefined && !listeners.has(last)) {
          const listener = (): void => undefined;
          last.signal.addEventListener("abort", listener);
          listeners.set(last, listener);
        } else if (step === "unlisten" && last !== undefined) {
          const listener = listeners.get(last);
          if (listener !== undefined) last.signal.removeEventListener("abort", listener);
          listeners.delete(last);
        } else if (step === "abort") last?.abort("gone");
        else if (step === "end first") end(open[0]);
        else if (step === "end last") end(last);
      }
    }),
  );
});

it("hands one on a hundred times, and keeps no more than a thousand", () => {
  const stock = new SignalStock();
  const first = stock.take();
  let uses = 0;
  for (let abort = first; abort === first; abort = stock.take()) {
    uses += 1;
    stock.giveBack(abort);
  }
  expect(uses).toBe(100);
  const all = Array.from({ length: 1_001 }, () => stock.take());
  for (const abort of all) stock.giveBack(abort);
  const again = new Set(Array.from({ length: 1_001 }, () => stock.take()));
  expect(all.filter((abort) => again.has(abort))).toHaveLength(1_000);
});
