import { it } from "vitest";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Simulation, Server, exponential, openLoop, Tally } from "@breakwater/sim";
it("probe", async () => {
  for (const load of [0.9, 1, 1.1, 2]) {
    const sim = new Simulation({ seed: 1 });
    const server = new Server(sim, { slots: 10, serviceMs: exponential(10) });
    const limiter = new ConcurrencyLimiter({ limit: 10, queueLimit: 100, clock: sim.clock });
    const tally = new Tally(sim, { fromMs: 10_000, sloMs: 100 });
    openLoop(sim, { ratePerSecond: 1000 * load }, () => void tally.track(limiter.run(() => server.serve())));
    const t = performance.now();
    await sim.run(60_000);
    console.log(load, tally.goodPerSecond, tally.quantileMs(0.99), performance.now() - t, tally.offered);
  }
}, 60000);
