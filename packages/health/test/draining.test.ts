import { ManualClock } from "@breakwater/core/testing";
import { Health, type HealthChange } from "@breakwater/health";
import { describe, expect, it } from "vitest";
import { feed } from "./helpers.ts";

function setup() {
  const clock = new ManualClock(1000);
  const health = new Health({ clock, checks: { db: { check: () => true } } });
  const changes: HealthChange[] = [];
  health.on("changed", (change) => changes.push(change));
  return { clock, health, changes };
}

describe("draining", () => {
  it("is not ready at once, whatever the parts say, and says why", async () => {
    const { health, changes } = setup();
    await health.check();
    expect(health.readiness().status).toBe(200);
    health.drain();
    expect(changes.at(-1)).toEqual({ from: "HEALTHY", to: "DRAINING", reason: "draining" });
    expect(health.readiness()).toMatchObject({ status: 503, body: { status: "fail", notes: ["DRAINING"] } });
    feed(health, 0, 100);
    expect(health.report).toMatchObject({ status: "DRAINING", reason: "draining", windowStatus: "UNHEALTHY" });
  });

  it("stays alive and started: a restart would cut off those who are being served", async () => {
    const { health } = setup();
    await health.check();
    health.drain();
    expect(health.liveness().status).toBe(200);
    expect(health.startup().status).toBe(200);
  });

  it("twice is draining once", () => {
    const { health, changes } = setup();
    health.drain();
    health.drain();
    expect(changes).toHaveLength(1);
    expect(health.stats.transitions).toBe(1);
  });

  it("survives start, stop and checks, and ends only by being taken back", async () => {
    const { health, changes } = setup();
    health.drain();
    health.start();
    await health.check();
    health.stop();
    expect(health.status).toBe("DRAINING");
    health.undrain();
    health.undrain();
    expect(health.status).toBe("HEALTHY");
    expect(changes.map(({ to }) => to)).toEqual(["DRAINING", "HEALTHY"]);
  });

  it("that is taken back shows what happened meanwhile", () => {
    const { health } = setup();
    health.drain();
    feed(health, 0, 20);
    health.undrain();
    expect(health.status).toBe("UNHEALTHY");
  });
});
