import { Breaker } from "@breakwater/breaker";
import { ManualClock } from "@breakwater/core/testing";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Pool } from "@breakwater/pool";
import { createService } from "@breakwater/service";
import { expect, it } from "vitest";

it("the health of a service takes breaker, pool and limiter as they are, and each only degrades unless it is critical", async () => {
  const clock = new ManualClock();
  const breaker = new Breaker({ name: "prices", clock });
  const pool = new Pool({ name: "db", create: () => ({}), max: 1, clock });
  const limiter = new ConcurrencyLimiter({ name: "reports", limit: 1, queueLimit: 0, clock });
  const service = createService<object>({
    clock,
    health: {
      checks: { self: { check: () => true } },
      contributions: { prices: breaker, db: { from: pool, critical: true }, reports: () => limiter.health },
    },
  }).handle(async () => "done");
  await service.start();
  await service.health.check();
  expect(service.health.status).toBe("HEALTHY");

  const permit = limiter.tryAcquire();
  breaker.forceOpen(800);
  expect(service.health.report).toMatchObject({
    status: "DEGRADED",
    reason: 'optional contribution "prices": breaker prices is open for another 800 ms; ' +
      'optional contribution "reports": limiter reports is full: 1 of 1 in use, 0 waiting',
  });
  expect(service.health.readiness().status).toBe(200);

  permit?.release();
  await pool.close();
  expect(service.health.report).toMatchObject({ status: "UNHEALTHY", reason: 'critical contribution "db": pool db is closed' });
  await service.stop();
  expect(clock.pendingRefTimers).toBe(0);
});

it("a service is not ready before it runs, though there be nothing to check, and not when it stops", async () => {
  let ready = (): void => undefined;
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const service = createService<object>({
    resources: [{ name: "slow", start: () => isReady }],
  }).handle(async () => "done");
  const probes = (): number[] => [service.health.startup().status, service.health.readiness().status, service.health.liveness().status];
  expect(probes()).toEqual([503, 503, 200]);
  const started = service.start();
  expect(probes()).toEqual([503, 503, 200]);
  expect(service.health.report.reason).toContain("the service has not started");
  ready();
  await started;
  expect(probes()).toEqual([200, 200, 200]);
  await service.stop();
  expect(probes()).toEqual([200, 503, 200]);
});
