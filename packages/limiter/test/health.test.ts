import { ConcurrencyLimiter } from "@breakwater/limiter";
import { expect, it } from "vitest";

it("a limiter that would refuse the next one is DEGRADED, and HEALTHY while it lets wait", async () => {
  const limiter = new ConcurrencyLimiter({ name: "api", limit: 1, queueLimit: 1 });
  expect(limiter.health).toEqual({ status: "HEALTHY", reason: "limiter api: 0 of 1 in use, 0 waiting" });
  const permit = await limiter.acquire();
  expect(limiter.health.status).toBe("HEALTHY");
  const waiting = limiter.acquire();
  expect(limiter.health).toEqual({ status: "DEGRADED", reason: "limiter api is full: 1 of 1 in use, 1 waiting" });
  permit.release();
  (await waiting).release();
  expect(limiter.health.status).toBe("HEALTHY");
});

it("a limiter without a queue is HEALTHY while it has room, and DEGRADED when it has none", () => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: 0 });
  expect(limiter.health.status).toBe("HEALTHY");
  limiter.tryAcquire();
  expect(limiter.health.status).toBe("DEGRADED");
});

it("a closed limiter is UNHEALTHY", () => {
  const limiter = new ConcurrencyLimiter({ limit: 1 });
  limiter.close();
  expect(limiter.health).toEqual({ status: "UNHEALTHY", reason: "limiter is closed" });
});
