import type { Guard } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { ConcurrencyLimiter, type OverloadSignal } from "@breakwater/limiter";
import { createService } from "@breakwater/service";
import fc from "fast-check";
import { expect, it } from "vitest";

const takes = (clock: ManualClock, ms: number) => (): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms));

it("times the work from its admission on, and hears of the wait, whichever limiter it waited for", async () => {
  const clock = new ManualClock();
  const waits: number[] = [];
  const ear: OverloadSignal & { readonly record: (waitMs: number) => void } = { name: "ear", read: () => 0, record: (waitMs) => void waits.push(waitMs) };
  const service = createService({ clock, limiter: { limit: 2 }, shedding: { signals: [ear] } }).operations((operation) => ({
    own: operation({ limiter: { limit: 1, queueLimit: 10 } }, takes(clock, 100)),
    shared: operation(takes(clock, 100)),
  }));
  await service.start();
  const all = [service.call("own", 1), service.call("own", 1), service.call("own", 1)];
  await clock.advanceAsync(300);
  await Promise.all(all);
  const { service: work, sojourn } = service.responseTimesOf("own");
  expect([work.lifetime.mean, sojourn.lifetime.mean, waits]).toEqual([expect.closeTo(0.1), expect.closeTo(0.2), [0, 100, 200]]);
  waits.length = 0;
  const more = [service.call("shared", 1), service.call("shared", 1), service.call("shared", 1)];
  await clock.advanceAsync(200);
  await Promise.all(more);
  expect(waits).toEqual([0, 0, 100]);
  expect(service.responseTimesOf("shared").service.lifetime.mean).toBeCloseTo(0.1);
});

it("goes by the layer of a limiter that has one of its own", async () => {
  class Told extends ConcurrencyLimiter {
    calls = 0;
    override get layer(): Guard {
      const layer = super.layer;
      return (next) => {
        const inner = layer(next);
        return (input, call) => {
          this.calls += 1;
          return inner(input, call);
        };
      };
    }
  }
  const limiter = new Told({ limit: 1 });
  const service = createService<number>({ limiter }).handle((n) => Promise.resolve(n));
  await service.start();
  expect([await service.process(7), limiter.calls, limiter.inUse]).toEqual([7, 1, 0]);
});

type Kind = "answers" | "throws" | "answers at once" | "fails" | "gone" | "late" | "has no deadline that is a number";

const kinds = fc.array(fc.constantFrom<Kind>("answers", "throws", "answers at once", "fails", "gone", "late", "has no deadline that is a number"), { maxLength: 30 });

it("gives back the permit of each request, whether it waited or not, and however it ends", async () => {
  await fc.assert(
    fc.asyncProperty(kinds, fc.integer({ min: 1, max: 4 }), async (run, limit) => {
      const clock = new ManualClock(1_000);
      const limiter = new ConcurrencyLimiter({ limit, queueLimit: 3, clock });
      const service = createService<Kind>({ clock, limiter }).handle((kind) => {
        if (kind === "throws") throw new Error("x");
        if (kind === "answers at once") return kind as unknown as Promise<string>; // as JavaScript may
        return new Promise((resolve, reject) => void clock.setTimer(() => (kind === "fails" ? reject(new Error("y")) : resolve(kind)), 5));
      });
      await service.start();
      const gone = AbortSignal.abort();
      const all = run.map((kind) => service.process(kind, { ...(kind === "gone" && { signal: gone }), ...(kind === "late" && { deadlineAt: 999 }), ...(kind === "has no deadline that is a number" && { deadlineAt: NaN }) }));
      const done = Promise.allSettled(all);
      await clock.advanceAsync(200);
      const results = await done;
      await settled();
      const { succeeded, failed, neutral, refused, inFlight, waiting } = service.stats;
      expect([limiter.inUse, limiter.waiting, inFlight, waiting]).toEqual([0, 0, 0, 0]);
      expect(succeeded + failed + neutral + refused + run.filter((kind) => kind === "gone").length).toBe(run.length);
      expect(succeeded).toBe(results.filter(({ status }) => status === "fulfilled").length);
    }),
  );
});
