import { KeyedBreaker } from "@breakwater/breaker";
import { circuitBreaker, ConsecutiveBreaker, handleAll } from "cockatiel";
import CircuitBreaker from "opossum";
import type { Weight } from "../candidate.ts";
import { work } from "./work.ts";

const keys = Array.from({ length: 100_000 }, (_, index) => `https://host-${index}.example`);

/** Keyed breakers that have each been used once. */
export const breakerWeights: readonly Weight[] = [
  {
    name: "a keyed breaker, used by run",
    kind: "ours",
    make: async (count) => {
      const keyed = new KeyedBreaker({ maxKeys: count });
      for (const key of keys.slice(0, count)) await keyed.run(key, work);
      return keyed;
    },
  },
  {
    name: "a keyed breaker, used by tryAcquire",
    kind: "ours",
    make: (count) => {
      const keyed = new KeyedBreaker({ maxKeys: count });
      for (const key of keys.slice(0, count)) keyed.tryAcquire(key)?.success();
      return keyed;
    },
  },
  {
    name: "cockatiel, in a Map",
    kind: "rival",
    package: "cockatiel",
    make: async (count) => {
      const map = new Map(keys.slice(0, count).map((key) => [key, circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) })]));
      for (const policy of map.values()) await policy.execute(work);
      return map;
    },
  },
  {
    name: "opossum, no timeout or percentiles, in a Map",
    kind: "rival",
    package: "opossum",
    make: async (count) => {
      const map = new Map(keys.slice(0, count).map((key) => [key, new CircuitBreaker(work, { timeout: false, rollingPercentilesEnabled: false })]));
      for (const breaker of map.values()) await breaker.fire();
      return map;
    },
  },
];
