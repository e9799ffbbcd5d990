import { Pool } from "@breakwater/pool";
import { createPool as createGenericPool } from "generic-pool";
import { createPool as createLightningPool } from "lightning-pool";
import { Pool as TarnPool } from "tarn";
import { verify, type Candidate, type Case } from "../candidate.ts";
import { byWorkers } from "./work.ts";

interface Resource {
  readonly id: number;
}

/** What every pool is reduced to here: borrow, hold for one turn, give back. */
interface Borrower {
  acquire(): Promise<unknown>;
  release(borrowed: unknown): void;
}

let made = 0;
const create = async (): Promise<Resource> => ({ id: (made += 1) });
const destroy = async (): Promise<void> => undefined;

/** An array of resources and a ring of waiters behind a promise, as one would write it by hand. */
function bare(max: number): Borrower {
  const idle: Resource[] = Array.from({ length: max }, (_, id) => ({ id }));
  const waiting: ((resource: Resource) => void)[] = [];
  let next = 0;
  return {
    acquire: () => {
      const resource = idle.pop();
      return resource === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(resource);
    },
    release: (borrowed) => {
      const waiter = waiting[next];
      if (waiter === undefined) {
        idle.push(borrowed as Resource);
      } else {
        next += 1;
        if (next === waiting.length) waiting.length = next = 0;
        waiter(borrowed as Resource);
      }
    },
  };
}

function ours(max: number, acquireTimeoutMs: number): Borrower {
  const pool = new Pool<Resource>({ create, destroy, max, acquireTimeoutMs });
  return { acquire: () => pool.acquire(), release: (lease) => (lease as Awaited<ReturnType<typeof pool.acquire>>).release() };
}

function generic(max: number, timeoutMs: number): Borrower {
  const pool = createGenericPool({ create, destroy }, timeoutMs < Infinity ? { max, acquireTimeoutMillis: timeoutMs } : { max });
  return { acquire: async () => pool.acquire(), release: (resource) => void pool.release(resource as Resource) };
}

/** tarn cannot be without its acquire timer: 30 s is its default. */
function tarn(max: number): Borrower {
  const pool = new TarnPool<Resource>({ create, destroy, min: 0, max });
  return { acquire: () => pool.acquire().promise, release: (resource) => void pool.release(resource as Resource) };
}

function lightning(max: number, timeoutMs: number): Borrower {
  const pool = createLightningPool(
    { create, destroy },
    { max, maxQueue: 10_000, acquireTimeoutMillis: timeoutMs < Infinity ? timeoutMs : 0, validation: false },
  );
  return { acquire: () => pool.acquire(), release: (resource) => pool.release(resource as Resource) };
}

/** `workers` workers over `max` resources; proves first that no more are out than may be. */
function borrowing(workers: number, max: number, candidate: Omit<Candidate, "prepare">, make: () => Borrower): Candidate {
  return {
    ...candidate,
    prepare: async () => {
      const pool = make();
      let out = 0;
      let most = 0;
      await byWorkers(workers, workers * 3, async () => {
        const borrowed = await pool.acquire();
        most = Math.max(most, (out += 1));
        await new Promise((resolve) => setImmediate(resolve));
        out -= 1;
        pool.release(borrowed);
      });
      verify(most === Math.min(workers, max), `${candidate.name} lends ${most} of ${max}`);
      return (count) =>
        byWorkers(workers, count, async () => {
          const borrowed = await pool.acquire();
          await Promise.resolve(); // it is held for one turn, so that there is something to wait for
          pool.release(borrowed);
        });
    },
  };
}

function poolCase(name: string, workers: number, max: number, timeoutMs: number): Case {
  return {
    group: "pool",
    name,
    candidates: [
      borrowing(workers, max, { name: "an array behind a promise", kind: "floor" }, () => bare(max)),
      borrowing(workers, max, { name: "acquire, release", kind: "ours" }, () => ours(max, timeoutMs)),
      borrowing(workers, max, { name: "generic-pool", kind: "rival", package: "generic-pool" }, () => generic(max, timeoutMs)),
      borrowing(workers, max, { name: "tarn", kind: "rival", package: "tarn" }, () => tarn(max)),
      borrowing(workers, max, { name: "lightning-pool", kind: "rival", package: "lightning-pool" }, () => lightning(max, timeoutMs)),
    ],
  };
}

const direct: Case = {
  group: "pool",
  name: "without waiting, synchronous",
  candidates: [
    {
      name: "array pop, push",
      kind: "floor",
      prepare: () => {
        const idle: Resource[] = [{ id: 1 }, { id: 2 }];
        return (count) => {
          for (let i = 0; i < count; i += 1) {
            const resource = idle.pop();
            if (resource !== undefined) idle.push(resource);
          }
        };
      },
    },
    {
      name: "tryAcquire, release",
      kind: "ours",
      prepare: async () => {
        const pool = new Pool<Resource>({ create, destroy, max: 2 });
        (await pool.acquire()).release();
        verify(pool.stats.idle === 1, "our pool has an idle resource");
        return (count) => { for (let i = 0; i < count; i += 1) pool.tryAcquire()?.release(); };
      },
    },
  ],
};

export const poolCases: readonly Case[] = [
  poolCase("a free resource, one caller", 1, 10, Infinity),
  poolCase("32 workers over 16", 32, 16, Infinity),
  poolCase("1000 workers over 10", 1000, 10, Infinity),
  poolCase("32 workers over 16, with a timeout of 30 s", 32, 16, 30_000),
  poolCase("100 workers over 10, with a timeout of 30 s", 100, 10, 30_000),
  direct,
];
