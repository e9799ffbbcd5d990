import {
  AdaptiveLimiter,
  adaptiveLifo,
  aimd,
  codel,
  ConcurrencyLimiter,
  fair,
  fifo,
  KeyedLimiter,
  lifo,
  PartitionedLimiter,
  priority,
  type Limiter,
  type QueuePolicy,
} from "@breakwater/limiter";
import { permitLaws, runLaws, type LawOptions, type MakeSubject, type Subject } from "@breakwater/sim";
import { describe, it } from "vitest";

function subjectOf(limiter: Pick<Limiter, "tryAcquire" | "acquire" | "run" | "inUse" | "waiting" | "close">): Subject {
  return {
    tryAcquire: () => limiter.tryAcquire(),
    acquire: (options) => limiter.acquire(options),
    run: (work, call) => limiter.run(work, call),
    inUse: () => limiter.inUse,
    waiting: () => limiter.waiting,
    close: () => limiter.close(),
  };
}

const queued = (queue: QueuePolicy): MakeSubject => ({ clock, capacity }) =>
  subjectOf(new ConcurrencyLimiter({ limit: capacity, queueLimit: Infinity, clock, queue }));

const keyed: MakeSubject = ({ clock, capacity }) => {
  const limiter = new KeyedLimiter({ limit: capacity, queueLimit: Infinity, clock });
  return {
    tryAcquire: () => limiter.tryAcquire("key"),
    acquire: (options) => limiter.acquire("key", options),
    run: (work, call) => limiter.run("key", work, call),
    inUse: () => limiter.stats.inUse,
    waiting: () => limiter.stats.waiting,
  };
};

const subjects: Record<string, readonly [make: MakeSubject, options?: LawOptions]> = {
  fifo: [queued(fifo())],
  lifo: [queued(lifo()), { order: "any" }],
  codel: [queued(codel({ targetMs: 1e6 }))],
  adaptiveLifo: [queued(adaptiveLifo({ intervalMs: 1e6 }))],
  priority: [queued(priority())],
  fair: [queued(fair())],
  adaptive: [
    ({ clock, capacity }) => subjectOf(new AdaptiveLimiter({ strategy: aimd({ initial: capacity }), maxLimit: capacity, queueLimit: Infinity, clock })),
  ],
  "a partition": [
    ({ clock, capacity }) => {
      const options = { limit: capacity, queueLimit: Infinity, clock, partitions: { a: { share: 0.5 }, b: { share: 0.2 } } };
      return subjectOf(new PartitionedLimiter(options).partition("b"));
    },
  ],
  "one key": [keyed],
};

describe.each(Object.entries(subjects))("%s", (_, [make, options]) => {
  for (const law of permitLaws(make, options)) it(law.name, law.check);
  for (const law of runLaws(() => make({ clock: { now: () => 0, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) }, capacity: 1 }))) it(law.name, law.check);
});
