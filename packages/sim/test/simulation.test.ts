import {
  bimodal,
  burst,
  closedLoop,
  constant,
  exponential,
  network,
  openLoop,
  patience,
  randomFrom,
  retries,
  sampled,
  Server,
  ServerFailure,
  Simulation,
  Tally,
  uniform,
  type Distribution,
} from "@breakwater/sim";
import { RejectedError } from "@breakwater/core";
import { describe, expect, it } from "vitest";

describe("Simulation", () => {
  it("calls events in order of time, then of making, and lets promises go on in between", async () => {
    const sim = new Simulation();
    const log: string[] = [];
    const hops = async (name: string): Promise<void> => {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      log.push(`${name} at ${sim.now()}`);
    };
    sim.setTimer(() => void hops("b"), 2);
    sim.setTimer(() => void hops("a"), 1);
    sim.setTimer(() => void hops("c"), 2);
    await sim.run();
    expect(log).toEqual(["a at 1", "b at 2", "c at 2"]);
  });

  it("runs until a time, and goes on from there", async () => {
    const sim = new Simulation();
    const seen: number[] = [];
    openLoop(sim, { ratePerSecond: 1000, arrivals: "regular" }, () => seen.push(sim.now()));
    await sim.run(3);
    expect([seen, sim.now()]).toEqual([[1, 2, 3], 3]);
    await sim.run(4.5);
    expect([seen.at(-1), sim.now()]).toEqual([4, 4.5]);
  });

  it("without an end stops when nothing is left that would keep a process alive", async () => {
    const sim = new Simulation();
    let rang = 0;
    const ring = (): void => {
      rang += 1;
      sim.setTimer(ring, 10).unref();
    };
    ring();
    sim.setTimer(() => undefined, Infinity);
    sim.setTimer(() => undefined, 1000).cancel();
    sim.setTimer(() => undefined, 35);
    await sim.run();
    expect([sim.now(), rang]).toEqual([35, 4]);
  });

  it("rejects with what a callback throws", async () => {
    const sim = new Simulation();
    sim.at(1, () => {
      throw new Error("oops");
    });
    await expect(sim.run()).rejects.toThrow("oops");
  });

  it("the same seed gives the same run; a stream does not depend on what else is drawn", () => {
    const draw = (sim: Simulation, name: string): number[] => Array.from({ length: 5 }, sim.stream(name));
    expect(draw(new Simulation({ seed: 3 }), "a")).toEqual(draw(new Simulation({ seed: 3 }), "a"));
    expect(draw(new Simulation({ seed: 3 }), "a")).not.toEqual(draw(new Simulation({ seed: 4 }), "a"));
    expect(draw(new Simulation({ seed: 3 }), "a")).not.toEqual(draw(new Simulation({ seed: 3 }), "b"));
    expect(() => new Simulation({ seed: 0.5 })).toThrow(RangeError);
  });
});

describe("distributions", () => {
  const mean = (distribution: Distribution): number => {
    const random = randomFrom(7);
    let sum = 0;
    for (let i = 0; i < 100_000; i += 1) sum += distribution(random);
    return sum / 100_000;
  };

  it.each([
    ["constant", constant(5), 5],
    ["exponential", exponential(10), 10],
    ["uniform", uniform(2, 6), 4],
    ["bimodal", bimodal(constant(1), constant(100), 0.1), 10.9],
    ["sampled", sampled([1, 2, 9]), 4],
  ] as const)("%s has the mean that it says", (_, distribution, expected) => {
    expect(Math.abs(mean(distribution) - expected) / expected).toBeLessThan(0.02);
  });

  it("random numbers are even, and an empty sample is refused", () => {
    const random = randomFrom(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i += 1) {
      const tenth = Math.floor(random() * 10);
      counts[tenth] = (counts[tenth] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(() => sampled([])).toThrow(RangeError);
  });
});

describe("Server", () => {
  it("works on as many as it has slots, in order, and tells how long jobs stood in its queue", async () => {
    const sim = new Simulation();
    const server = new Server(sim, { slots: 2, serviceMs: constant(10) });
    const done: string[] = [];
    for (const name of ["a", "b", "c", "d"]) void server.serve().then(() => done.push(`${name} at ${sim.now()}`));
    expect([server.working, server.queued]).toEqual([2, 2]);
    await sim.run();
    expect(done).toEqual(["a at 10", "b at 10", "c at 20", "d at 20"]);
    expect([server.served, server.queueDelayMs]).toEqual([4, 10]);
  });

  it("refuses a time that is none: it would end the run in silence", async () => {
    const sim = new Simulation();
    expect(() => sim.setTimer(() => undefined, NaN)).toThrow("delayMs must be a number, got NaN");
    const server = new Server(sim, { slots: 1, serviceMs: constant(1) });
    const serve: (call: never) => Promise<void> = server.serve;
    await expect(serve({} as never)).rejects.toThrow("factor must be a number");
  });

  it("M/M/1 has the mean time that theory gives it", async () => {
    const sim = new Simulation({ seed: 5 });
    const server = new Server(sim, { slots: 1, serviceMs: exponential(10) });
    const tally = new Tally(sim, { fromMs: 10_000 });
    openLoop(sim, { ratePerSecond: 50 }, () => void tally.track(server.serve()));
    await sim.run(1_000_000);
    expect(Math.abs(tally.meanMs - 20)).toBeLessThan(1); // 1 / (100 - 50) s
  });

  it("turns away what its queue cannot hold, slows down, grows, and falls over", async () => {
    const sim = new Simulation();
    const server = new Server(sim, { slots: 1, serviceMs: constant(10), queueLimit: 1 });
    const results = await Promise.all([
      ...[1, 2, 3].map(() => server.serve().then(() => sim.now(), (error: unknown) => (error as Error).message)),
      sim.run().then(() => "ran"),
    ]);
    expect(results).toEqual([10, 20, "the server's queue is full", "ran"]);
    server.setServiceMs(constant(40));
    server.resize(2);
    const slow = [server.serve(), server.serve(2)].map((job) => job.then(() => sim.now()));
    await sim.run();
    expect(await Promise.all(slow)).toEqual([60, 100]);
    const lost = server.serve().catch((error: unknown) => error);
    server.crash();
    expect(await lost).toBeInstanceOf(ServerFailure);
    await expect(server.serve()).rejects.toThrow("the server is down");
    server.recover({ coldFactor: 3, warmMs: 1000 });
    const cold = server.serve().then(() => sim.now());
    await sim.run();
    expect(await cold).toBe(100 + 120);
  });
});

describe("clients", () => {
  it("an open loop sends whatever becomes of it, at a rate that may change", async () => {
    const sim = new Simulation();
    const times: number[] = [];
    const rate = (now: number): number => (now < 1000 ? 100 : now < 2000 ? 0 : 200);
    openLoop(sim, { ratePerSecond: rate, arrivals: "regular", untilMs: 3000 }, () => times.push(sim.now()));
    await sim.run();
    expect(times.filter((time) => time < 1001)).toHaveLength(100);
    expect(times.filter((time) => time > 1010 && time < 2000)).toHaveLength(0);
    expect(Math.abs(times.filter((time) => time > 2000).length - 199)).toBeLessThanOrEqual(1);
  });

  it("Poisson arrivals come as often as they should", async () => {
    const sim = new Simulation();
    let count = 0;
    openLoop(sim, { ratePerSecond: 500 }, () => (count += 1));
    await sim.run(100_000);
    expect(Math.abs(count - 50_000)).toBeLessThan(700);
  });

  it("a closed loop has one request of each client on the way, and goes on after a refusal", async () => {
    const sim = new Simulation();
    const server = new Server(sim, { slots: 100, serviceMs: constant(10) });
    let most = 0;
    let sent = 0;
    closedLoop(sim, { clients: 5, thinkMs: constant(10), untilMs: 1000 }, async () => {
      sent += 1;
      most = Math.max(most, server.working + 1);
      if (sent % 10 === 0) throw new Error("refused");
      await server.serve();
    });
    await sim.run();
    expect(most).toBe(5);
    expect(sent).toBeGreaterThan(240);
  });

  it("a burst comes at its time", async () => {
    const sim = new Simulation();
    const times: number[] = [];
    burst(sim, { atMs: 50, count: 3, spacingMs: 2 }, () => times.push(sim.now()));
    await sim.run();
    expect(times).toEqual([50, 52, 54]);
  });
});

describe("network", () => {
  it("takes time there and back, loses some, and is given up by the impatient, while the server goes on", async () => {
    const sim = new Simulation();
    const server = new Server(sim, { slots: 9, serviceMs: constant(10) });
    const far = network<undefined, undefined>(sim, { roundTripMs: constant(4) })(async () => { await server.serve(); return undefined; });
    const times: number[] = [];
    void far(undefined, {}).then(() => times.push(sim.now()));
    await sim.run();
    expect(times).toEqual([14]);
    const hasty = patience<undefined, undefined>(sim, { timeoutMs: 5 })(far);
    const left = hasty(undefined, {}).catch((error: unknown) => (error as Error).message);
    await sim.run();
    expect([await left, server.served]).toEqual(["no answer within 5 ms", 2]);
    const lossy = network<undefined, number>(sim, { roundTripMs: constant(1), lossRatio: 0.5, name: "lossy" })(async () => 1);
    const tally = new Tally(sim);
    for (let i = 0; i < 1000; i += 1) void tally.track(lossy(undefined, {}));
    await sim.run();
    expect(Math.abs(tally.answered - 500)).toBeLessThan(60);
  });

  it("retries ask again after a while, as often as they may", async () => {
    const sim = new Simulation();
    const times: number[] = [];
    const failing = async (): Promise<never> => {
      times.push(sim.now());
      throw new Error("no");
    };
    const retrying = retries<undefined, never>(sim, { attempts: 3, backoffMs: (attempt) => 10 * attempt })(failing);
    const result = retrying(undefined, {}).catch((error: unknown) => (error as Error).message);
    await sim.run();
    expect([times, await result]).toEqual([[0, 20, 50], "no"]);
  });
});

describe("Tally", () => {
  it("counts what arrives in its time: answered, in time, refused, failed", async () => {
    const sim = new Simulation();
    const tally = new Tally(sim, { fromMs: 10, untilMs: 1010, sloMs: 20 });
    const refusal = new RejectedError("ERR_X", "no", { reason: "full" });
    sim.at(5, () => void tally.track(sim.sleep(1)));
    for (const ms of [10, 20, 30]) sim.at(20, () => void tally.track(sim.sleep(ms)));
    sim.at(30, () => void tally.track(Promise.reject(refusal)));
    sim.at(30, () => void tally.track(Promise.reject(new Error("down"))));
    await sim.run(1010);
    expect(tally).toMatchObject({ offered: 5, answered: 3, good: 2, refused: 1, failed: 1 });
    expect([tally.goodPerSecond, tally.answeredPerSecond, tally.refusedRatio, tally.meanMs]).toEqual([2, 3, 0.2, 20]);
    expect([tally.quantileMs(0), tally.quantileMs(0.5), tally.quantileMs(1)]).toEqual([10, 20, 30]);
    expect(new Tally(sim).quantileMs(0.5)).toBeNaN();
  });
});
