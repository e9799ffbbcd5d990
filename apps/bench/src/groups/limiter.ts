import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Sema } from "async-sema";
import { bulkhead } from "cockatiel";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { verify, type Candidate, type Case } from "../candidate.ts";
import { BareSemaphore } from "./semaphore.ts";
import { ignore, refuse, work } from "./work.ts";

const uncontended: Case = {
  group: "limiter",
  name: "a free slot, one caller, limit 10",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "run",
      kind: "ours",
      prepare: () => {
        const limiter = new ConcurrencyLimiter({ limit: 10 });
        return async (count) => { for (let i = 0; i < count; i += 1) await limiter.run(work); };
      },
    },
    {
      name: "acquire, release",
      kind: "ours",
      prepare: () => {
        const limiter = new ConcurrencyLimiter({ limit: 10 });
        return async (count) => {
          for (let i = 0; i < count; i += 1) {
            const permit = await limiter.acquire();
            await work();
            permit.release();
          }
        };
      },
    },
    {
      name: "p-limit",
      kind: "rival",
      package: "p-limit",
      prepare: () => {
        const limit = pLimit(10);
        return async (count) => { for (let i = 0; i < count; i += 1) await limit(work); };
      },
    },
    {
      name: "p-queue",
      kind: "rival",
      package: "p-queue",
      prepare: () => {
        const queue = new PQueue({ concurrency: 10 });
        return async (count) => { for (let i = 0; i < count; i += 1) await queue.add(work); };
      },
    },
    {
      name: "async-sema",
      kind: "rival",
      package: "async-sema",
      prepare: () => {
        const sema = new Sema(10);
        return async (count) => {
          for (let i = 0; i < count; i += 1) {
            await sema.acquire();
            await work();
            sema.release();
          }
        };
      },
    },
    {
      name: "cockatiel bulkhead",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const policy = bulkhead(10);
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work); };
      },
    },
  ],
};

const callers = 1000;
const slots = 100;

/** `count` tasks in bursts of a thousand at once; proves first that no more run at a time than may, and all do. */
function bursts(name: string, rival: string | undefined, make: () => (task: () => Promise<number>) => Promise<unknown>): Candidate {
  return {
    name,
    kind: rival === undefined ? "ours" : "rival",
    ...(rival !== undefined && { package: rival }),
    prepare: async () => {
      await verifyLimit(name, make());
      const run = make();
      return async (count) => {
        for (let left = count; left > 0; left -= callers) {
          await Promise.all(Array.from({ length: Math.min(left, callers) }, () => run(work)));
        }
      };
    },
  };
}

async function verifyLimit(name: string, run: (task: () => Promise<number>) => Promise<unknown>): Promise<void> {
  let running = 0;
  let most = 0;
  let done = 0;
  const task = async (): Promise<number> => {
    most = Math.max(most, (running += 1));
    await work();
    running -= 1;
    return (done += 1);
  };
  await Promise.all(Array.from({ length: callers }, () => run(task)));
  verify(done === callers && most === slots, `${name} runs ${most} at a time and ${done} in all`);
}

const contended: Case = {
  group: "limiter",
  name: `${callers} callers at once through ${slots}`,
  candidates: [
    {
      ...bursts("a bare semaphore", undefined, () => {
        const semaphore = new BareSemaphore(slots);
        return (task) => semaphore.run(task);
      }),
      kind: "floor",
    },
    bursts("run", undefined, () => {
      const limiter = new ConcurrencyLimiter({ limit: slots, queueLimit: callers });
      return (task) => limiter.run(task);
    }),
    bursts("run, with a queue timeout", undefined, () => {
      const limiter = new ConcurrencyLimiter({ limit: slots, queueLimit: callers, queueTimeoutMs: 30_000 });
      return (task) => limiter.run(task);
    }),
    bursts("p-limit", "p-limit", () => pLimit(slots)),
    bursts("p-queue", "p-queue", () => {
      const queue = new PQueue({ concurrency: slots });
      return (task) => queue.add(task);
    }),
    bursts("async-sema", "async-sema", () => {
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
    bursts("cockatiel bulkhead", "cockatiel", () => {
      const policy = bulkhead(slots, callers);
      return (task) => policy.execute(task);
    }),
  ],
};

const full: Case = {
  group: "limiter",
  name: "no slot and no queue, the call is refused",
  candidates: [
    {
      name: "an async throw of one error",
      kind: "floor",
      prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await refuse().catch(ignore); },
    },
    {
      name: "run",
      kind: "ours",
      prepare: () => {
        const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: 0 });
        verify(limiter.tryAcquire() !== undefined && limiter.tryAcquire() === undefined, "our limiter is full");
        return async (count) => { for (let i = 0; i < count; i += 1) await limiter.run(work).catch(ignore); };
      },
    },
    {
      name: "cockatiel bulkhead",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const policy = bulkhead(1, 0);
        void policy.execute(() => new Promise(() => undefined));
        return async (count) => { for (let i = 0; i < count; i += 1) await policy.execute(work).catch(ignore); };
      },
    },
  ],
};

export const limiterCases: readonly Case[] = [uncontended, contended, full];
