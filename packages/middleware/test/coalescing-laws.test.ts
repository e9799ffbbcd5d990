import type { Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { coalescing, CoalescingTimeoutError } from "@breakwater/middleware";
import fc from "fast-check";
import { expect, it } from "vitest";

type Step =
  | { readonly do: "call"; readonly key: string; readonly canAbort: boolean; readonly forMs: number }
  | { readonly do: "abort"; readonly which: number }
  | { readonly do: "settle"; readonly which: number; readonly isGood: boolean }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("call" as const),
    key: fc.constantFrom("a", "b"),
    canAbort: fc.boolean(),
    forMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 20 })),
  }),
  fc.record({ do: fc.constant("abort" as const), which: fc.nat(30) }),
  fc.record({ do: fc.constant("settle" as const), which: fc.nat(30), isGood: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(12) }),
);

/** What should be the case, found the long way. */
class Model {
  readonly calls: { execution: number; canAbort: boolean; deadlineAt: number; end: string | undefined }[] = [];
  readonly executions: { key: string; isOpen: boolean; isAborted: boolean }[] = [];
  now = 0;

  call(key: string, canAbort: boolean, forMs: number): void {
    let execution = this.executions.findIndex((one) => one.key === key && one.isOpen);
    if (execution === -1) execution = this.executions.push({ key, isOpen: true, isAborted: false }) - 1;
    this.calls.push({ execution, canAbort, deadlineAt: this.now + forMs, end: undefined });
  }

  leave(index: number, end: string): void {
    const call = this.calls[index];
    if (call === undefined || call.end !== undefined) return;
    call.end = end;
    const execution = this.executions[call.execution];
    const isLast = this.calls.every((other) => other.execution !== call.execution || other.end !== undefined);
    if (execution !== undefined && isLast) Object.assign(execution, { isOpen: false, isAborted: true });
  }

  settle(which: number, end: string): void {
    const execution = this.executions[which];
    if (execution?.isOpen !== true) return;
    execution.isOpen = false;
    for (const call of this.calls) if (call.execution === which) call.end ??= end;
  }

  wait(ms: number): void {
    this.now += ms;
    this.calls.forEach(({ deadlineAt }, index) => {
      if (deadlineAt <= this.now) this.leave(index, "timeout");
    });
  }
}

it("whatever calls, aborts, deadlines and endings come in whatever order, each caller gets what a naive model says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const model = new Model();
      const clock = new ManualClock();
      const executions: { call: Call; resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
      const layer = coalescing({ key: (key: string) => key, clock });
      const service = layer((_key: string, call) => new Promise<string>((resolve, reject) => void executions.push({ call, resolve, reject })));
      const controllers: AbortController[] = [];
      const ends: (string | undefined)[] = [];

      for (const one of steps) {
        if (one.do === "call") {
          const index = controllers.push(new AbortController()) - 1;
          const signal = one.canAbort ? controllers[index]?.signal : undefined;
          service(one.key, { signal, deadlineAt: clock.now() + one.forMs }).then(
            (answer) => (ends[index] = answer),
            (error: unknown) => (ends[index] = error instanceof CoalescingTimeoutError ? "timeout" : String(error)),
          );
          model.call(one.key, one.canAbort, one.forMs);
        } else if (one.do === "abort" && model.calls[one.which]?.canAbort === true) {
          controllers[one.which]?.abort(`abort of ${one.which}`);
          model.leave(one.which, `abort of ${one.which}`);
        } else if (one.do === "settle") {
          const end = `${one.isGood ? "answer" : "error"} of ${one.which}`;
          executions[one.which]?.[one.isGood ? "resolve" : "reject"](end);
          model.settle(one.which, end);
        } else if (one.do === "wait") {
          await clock.advanceAsync(one.ms);
          model.wait(one.ms);
        }
        await settled();
        expect(model.calls.map((_, index) => ends[index])).toEqual(model.calls.map(({ end }) => end));
        expect(executions.map(({ call }) => call.signal?.aborted === true)).toEqual(model.executions.map(({ isAborted }) => isAborted));
        expect(layer.stats.inFlight).toBe(model.executions.filter(({ isOpen }) => isOpen).length);
      }

      executions.forEach(({ resolve }) => resolve("the end"));
      await settled();
      expect(layer.stats).toEqual({ executed: model.executions.length, shared: model.calls.length - model.executions.length, inFlight: 0 });
      expect(clock.pendingTimers).toBe(0);
    }),
    { numRuns: 150 },
  );
});
