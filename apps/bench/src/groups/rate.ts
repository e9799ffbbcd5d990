import { gcra, KeyedRateLimiter, RateLimiter, slidingCounter, slidingLog, tokenBucket, type RateAlgorithm } from "@breakwater/limiter";
import { RateLimiter as PlainLimiter } from "limiter";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { verify, type Candidate, type Case } from "../candidate.ts";
import { ignore } from "./work.ts";

// High enough that nobody is ever refused, and finite, so that nothing is skipped.
const perSecond = 1e9;

/** GCRA as one would write it by hand: one number, one reading of the clock. */
class BareGcra {
  readonly #msPerUnit: number;
  readonly #toleranceMs: number;
  #tat = 0;

  constructor(limit: number, perMs: number) {
    this.#msPerUnit = perMs / limit;
    this.#toleranceMs = perMs;
  }

  tryTake(): boolean {
    const now = performance.now();
    const next = Math.max(this.#tat, now) + this.#msPerUnit;
    if (next - now > this.#toleranceMs) return false;
    this.#tat = next;
    return true;
  }
}

function ours(name: string, make: () => RateAlgorithm, isGranted: boolean): Candidate {
  return {
    name,
    kind: "ours",
    prepare: () => {
      const limiter = new RateLimiter({ algorithm: make() });
      if (!isGranted) limiter.take();
      verify((limiter.tryAcquire() !== undefined) === isGranted, `${name} grants: ${isGranted}`);
      return (count) => {
        let granted = 0;
        for (let i = 0; i < count; i += 1) if (limiter.tryAcquire() !== undefined) granted += 1;
        return granted;
      };
    },
  };
}

const oneKey: Case = {
  group: "rate",
  name: "one key, tryAcquire",
  candidates: [
    {
      name: "a bare GCRA",
      kind: "floor",
      prepare: () => {
        const bare = new BareGcra(perSecond, 1000);
        return (count) => {
          let granted = 0;
          for (let i = 0; i < count; i += 1) if (bare.tryTake()) granted += 1;
          return granted;
        };
      },
    },
    ours("gcra, granted", () => gcra({ limit: perSecond, perMs: 1000 }), true),
    ours("gcra, refused", () => gcra({ limit: 1, perMs: 1e9 }), false),
    ours("tokenBucket, granted", () => tokenBucket({ refillPerSecond: perSecond, burst: perSecond }), true),
    ours("slidingCounter, granted", () => slidingCounter({ limit: perSecond, windowMs: 1000 }), true),
    ours("slidingLog of 100, refused", () => slidingLog({ limit: 1, windowMs: 1e9 }), false),
    {
      name: "limiter, tryRemoveTokens",
      kind: "rival",
      package: "limiter",
      prepare: () => {
        const limiter = new PlainLimiter({ tokensPerInterval: perSecond, interval: "second" });
        verify(limiter.tryRemoveTokens(1), "limiter grants");
        return (count) => { for (let i = 0; i < count; i += 1) limiter.tryRemoveTokens(1); };
      },
    },
    {
      name: "rate-limiter-flexible, consume",
      kind: "rival",
      package: "rate-limiter-flexible",
      prepare: () => {
        const limiter = new RateLimiterMemory({ points: perSecond, duration: 1000 });
        return async (count) => { for (let i = 0; i < count; i += 1) await limiter.consume("key"); };
      },
    },
  ],
};

const keys = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);

function roundRobin(name: string, kind: Candidate["kind"], make: () => (key: string) => unknown, rival?: string): Candidate {
  return {
    name,
    kind,
    ...(rival !== undefined && { package: rival }),
    prepare: () => {
      const take = make();
      let next = 0;
      return async (count) => {
        for (let i = 0; i < count; i += 1) {
          const result = take(keys[(next = (next + 1) % keys.length)] ?? "");
          if (result instanceof Promise) await result.catch(ignore);
        }
      };
    },
  };
}

const manyKeys: Case = {
  group: "rate",
  name: `${keys.length} keys in turn`,
  candidates: [
    roundRobin("a Map of bare GCRAs", "floor", () => {
      const map = new Map<string, BareGcra>();
      return (key) => {
        let bare = map.get(key);
        if (bare === undefined) map.set(key, (bare = new BareGcra(1e6, 1e9)));
        return bare.tryTake();
      };
    }),
    roundRobin("gcra, tryAcquire", "ours", () => {
      const limiter = new KeyedRateLimiter({ algorithm: gcra({ limit: 1e6, perMs: 1e9 }) });
      return (key) => limiter.tryAcquire(key);
    }),
    roundRobin("gcra, take", "ours", () => {
      const limiter = new KeyedRateLimiter({ algorithm: gcra({ limit: 1e6, perMs: 1e9 }) });
      return (key) => limiter.take(key);
    }),
    roundRobin("rate-limiter-flexible, consume", "rival", () => {
      const limiter = new RateLimiterMemory({ points: 1e6, duration: 1e6 });
      return (key) => limiter.consume(key);
    }, "rate-limiter-flexible"),
  ],
};

let fresh = 0;
const newKeys: Case = {
  group: "rate",
  name: "keys that are never seen again",
  candidates: [
    roundRobin("a Map of bare GCRAs", "floor", () => {
      const map = new Map<string, BareGcra>();
      return () => {
        const key = `k${(fresh += 1)}`;
        const bare = new BareGcra(10, 1000);
        if (map.size > 100_000) map.clear();
        map.set(key, bare);
        return bare.tryTake();
      };
    }),
    roundRobin("gcra, take", "ours", () => {
      const limiter = new KeyedRateLimiter({ algorithm: gcra({ limit: 10, perMs: 1000 }) });
      return () => limiter.take(`k${(fresh += 1)}`);
    }),
    roundRobin("rate-limiter-flexible, consume", "rival", () => {
      const limiter = new RateLimiterMemory({ points: 10, duration: 1 });
      return () => limiter.consume(`k${(fresh += 1)}`);
    }, "rate-limiter-flexible"),
  ],
};

export const rateCases: readonly Case[] = [oneKey, manyKeys, newKeys];
