import { AdaptiveThrottle, Breaker, consecutiveFailures, countWindow, KeyedBreaker, slowCalls, timeWindow } from "@breakwater/breaker";
import { CoarseClock } from "@breakwater/core";
import { circuitBreaker, ConsecutiveBreaker, CountBreaker, handleAll } from "cockatiel";
import CircuitBreaker from "opossum";
import { verify, type Case } from "../candidate.ts";
import { failure, ignore, refuse, work } from "./work.ts";

/** As opossum is recommended for speed: no timer per call, no percentiles. */
const bareOpossum = { timeout: false as const, rollingPercentilesEnabled: false };

async function openOurs(): Promise<Breaker> {
  const breaker = new Breaker({ trip: consecutiveFailures(1), breakMs: Infinity });
  await breaker.run(() => Promise.reject(failure)).catch(ignore);
  verify(breaker.state === "open", "our breaker opens");
  return breaker;
}

const closed: Case = {
  group: "breaker",
  name: "closed, the work succeeds",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "run, consecutive failures",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: consecutiveFailures(5) });
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work); };
      },
    },
    {
      name: "run, count window of 100",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: countWindow({ size: 100, failureRatio: 0.5 }) });
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work); };
      },
    },
    {
      name: "run, time window of 10 s",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: timeWindow({ windowMs: 10_000, failureRatio: 0.5 }) });
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work); };
      },
    },
    {
      name: "run, time window, coarse clock",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: timeWindow({ windowMs: 10_000, failureRatio: 0.5 }), clock: new CoarseClock() });
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work); };
      },
    },
    {
      name: "tryAcquire and success, no promise",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: countWindow({ size: 100, failureRatio: 0.5 }) });
        return (count) => { for (let i = 0; i < count; i += 1) breaker.tryAcquire()?.success(); };
      },
    },
    {
      name: "cockatiel, consecutive",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const policy = circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) });
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work); };
      },
    },
    {
      name: "cockatiel, count of 100",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const breaker = new CountBreaker({ threshold: 0.5, size: 100 });
        const policy = circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker });
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work); };
      },
    },
    {
      name: "opossum, defaults",
      kind: "rival",
      package: "opossum",
      prepare: () => {
        const breaker = new CircuitBreaker(work);
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.fire(); };
      },
    },
    {
      name: "opossum, no timeout or percentiles",
      kind: "rival",
      package: "opossum",
      prepare: () => {
        const breaker = new CircuitBreaker(work, bareOpossum);
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.fire(); };
      },
    },
  ],
};

/** What does more costs more. In a case of its own: the more kinds a program runs, the less the compiler can assume of any. */
const closedMore: Case = {
  group: "breaker",
  name: "closed, more to do",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "run, one of 1000 keys",
      kind: "ours",
      prepare: () => {
        const keyed = new KeyedBreaker();
        const keys = Array.from({ length: 1_000 }, (_, index) => `https://host-${index}.example`);
        return async (count) => { for (let i = 0; i < count; i += 1) await keyed.run(keys[i % 1_000] ?? "", work); };
      },
    },
    {
      name: "run, slow calls",
      kind: "ours",
      prepare: () => {
        const breaker = new Breaker({ trip: slowCalls({ slowMs: 1_000, trip: consecutiveFailures(5) }) });
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work); };
      },
    },
    {
      name: "layer, with a signal",
      kind: "ours",
      prepare: () => {
        const guarded = new Breaker().layer(work);
        const call = { signal: new AbortController().signal };
        return async (count) => { for (let i = 0; i < count; i += 1) await guarded(undefined, call); };
      },
    },
    {
      name: "adaptive throttle",
      kind: "ours",
      prepare: () => {
        const throttle = new AdaptiveThrottle();
        return async (count) => { for (let i = 0; i < count; i += 1) await throttle.run(work); };
      },
    },
  ],
};

const open: Case = {
  group: "breaker",
  name: "open, the call is refused",
  candidates: [
    {
      name: "an async throw of one error",
      kind: "floor",
      prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await refuse().catch(ignore); },
    },
    {
      name: "run",
      kind: "ours",
      prepare: async () => {
        const breaker = await openOurs();
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.run(work).catch(ignore); };
      },
    },
    {
      name: "tryRun",
      kind: "ours",
      prepare: async () => {
        const breaker = await openOurs();
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.tryRun(work); };
      },
    },
    {
      name: "tryAcquire",
      kind: "ours",
      prepare: async () => {
        const breaker = await openOurs();
        return (count) => { for (let i = 0; i < count; i += 1) breaker.tryAcquire(); };
      },
    },
    {
      name: "cockatiel",
      kind: "rival",
      package: "cockatiel",
      prepare: async () => {
        const policy = circuitBreaker(handleAll, { halfOpenAfter: 1e9, breaker: new ConsecutiveBreaker(1) });
        await policy.execute(() => Promise.reject(failure)).catch(ignore);
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work).catch(ignore); };
      },
    },
    {
      name: "opossum",
      kind: "rival",
      package: "opossum",
      prepare: () => {
        const breaker = new CircuitBreaker(work, { ...bareOpossum, resetTimeout: 2 ** 30 });
        breaker.open();
        verify(breaker.opened, "opossum opens");
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.fire().catch(ignore); };
      },
    },
  ],
};

export const breakerCases: readonly Case[] = [closed, open, closedMore];
