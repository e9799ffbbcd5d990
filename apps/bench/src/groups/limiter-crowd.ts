import { adaptiveLifo, codel, ConcurrencyLimiter, fair, priority, type ConcurrencyLimiterOptions } from "@breakwater/limiter";
import { Semaphore } from "async-mutex";
import { Sema } from "async-sema";
import Bottleneck from "bottleneck";
import { bulkhead } from "cockatiel";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { verify, type Candidate, type Case } from "../candidate.ts";
import { BareSemaphore } from "./semaphore.ts";
import { ignore, work } from "./work.ts";

type Task = () => Promise<number>;

const callers = 10_000;
const slots = 10;

/** `count` tasks, ten thousand of them at a time; a rival too slow for that gets as many as it can do in a round. */
function crowd(name: string, rival: string | undefined, make: () => (task: Task) => Promise<unknown>): Candidate {
  return {
    name,
    kind: rival === undefined ? "ours" : "rival",
    ...(rival !== undefined && { package: rival }),
    prepare: async () => {
      if (name !== "unlimited") await verifyLimit(name, make());
      const run = make();
      return async (count) => {
        for (let left = count; left > 0; left -= callers) {
          await Promise.all(Array.from({ length: Math.min(left, callers) }, () => run(work)));
        }
      };
    },
  };
}

async function verifyLimit(name: string, run: (task: Task) => Promise<unknown>): Promise<void> {
  let running = 0;
  let most = 0;
  let done = 0;
  const task = async (): Promise<number> => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setTimeout(resolve, 30)); // some take milliseconds to start the next one
    running -= 1;
    return (done += 1);
  };
  await Promise.all(Array.from({ length: 30 }, () => run(task)));
  verify(done === 30 && most === slots, `${name} runs ${most} at a time and ${done} in all`);
}

function ours(name: string, options: Partial<ConcurrencyLimiterOptions> = {}): Candidate {
  return crowd(name, undefined, () => {
    const limiter = new ConcurrencyLimiter({ limit: slots, queueLimit: callers, ...options });
    return (task) => limiter.run(task);
  });
}

const crowded: Case = {
  group: "limiter",
  name: `${callers} callers at once through ${slots}`,
  candidates: [
    { ...crowd("unlimited", undefined, () => (task) => task()), kind: "floor" },
    // As little as a semaphore can be, without abort, weights or another order; what the promises alone cost.
    {
      ...crowd("a bare semaphore", undefined, () => {
        const semaphore = new BareSemaphore(slots);
        return (task) => semaphore.run(task);
      }),
      kind: "rival",
    },
    ours("run"),
    ours("run, codel", { queue: codel() }),
    ours("run, adaptiveLifo", { queue: adaptiveLifo() }),
    ours("run, priority", { queue: priority() }),
    ours("run, fair", { queue: fair() }),
    crowd("p-limit", "p-limit", () => pLimit(slots)),
    crowd("p-queue", "p-queue", () => {
      const queue = new PQueue({ concurrency: slots });
      return (task) => queue.add(task);
    }),
    crowd("async-sema", "async-sema", () => {
      const sema = new Sema(slots, { capacity: callers });
      return async (task) => {
        await sema.acquire();
        try {
          return await task();
        } finally {
          sema.release();
        }
      };
    }),
    crowd("async-mutex semaphore", "async-mutex", () => {
      const semaphore = new Semaphore(slots);
      return (task) => semaphore.runExclusive(task);
    }),
    crowd("cockatiel bulkhead", "cockatiel", () => {
      const policy = bulkhead(slots, callers);
      return (task) => policy.execute(task);
    }),
    crowd("bottleneck", "bottleneck", () => {
      const limiter = new Bottleneck({ maxConcurrent: slots });
      return (task) => limiter.schedule(task);
    }),
  ],
};

/** One operation: that many callers join with one signal, which then aborts. */
function leaving(waiters: number, kind: Candidate["kind"]): Candidate {
  return {
    name: `${waiters} waiters`,
    kind,
    prepare: () => {
      const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: Infinity });
      verify(limiter.tryAcquire() !== undefined, "the limiter is full");
      return async (count) => {
        for (let i = 0; i < count; i += 1) {
          const controller = new AbortController();
          const { signal } = controller;
          const all = Array.from({ length: waiters }, () => limiter.acquire({ signal }).catch(ignore));
          controller.abort();
          await Promise.all(all);
        }
        verify(limiter.waiting === 0, "everybody left");
      };
    },
  };
}

const abort: Case = {
  group: "limiter",
  name: "waiters of one signal join, and leave when it aborts; one crowd",
  candidates: [leaving(10_000, "floor"), leaving(40_000, "ours")],
};

export const crowdCases: readonly Case[] = [crowded, abort];
