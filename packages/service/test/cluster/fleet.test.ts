import { ManualClock, settled } from "@breakwater/core/testing";
import { WorkerCluster } from "@breakwater/service/cluster";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Fleet } from "../../src/cluster/fleet.ts";
import { readFleetOptions, type FleetOptions } from "../../src/cluster/options.ts";
import { FakeProcesses } from "./fake-processes.ts";

class TestFleet extends Fleet {
  constructor(processes: FakeProcesses, clock: ManualClock, options: FleetOptions) {
    super(readFleetOptions({ ...options, clock }), processes.fork);
  }
}

function fleetOf(options: FleetOptions = {}) {
  const clock = new ManualClock();
  const processes = new FakeProcesses();
  const fleet = new TestFleet(processes, clock, { workers: 2, ...options });
  const log: string[] = [];
  fleet.on("restarting", ({ delayMs, isExhausted }) => log.push(`in ${delayMs}${isExhausted ? " by budget" : ""}`));
  return { clock, processes, fleet, log };
}

/** Where all that are made become ready at once. */
async function running(options: FleetOptions = {}) {
  const all = fleetOf(options);
  all.processes.made = (process) => process.ready();
  await all.fleet.start();
  return all;
}

describe("starting", () => {
  it("makes all workers at the same time, and resolves when all are ready", async () => {
    const { clock, processes, fleet } = fleetOf();
    const started = fleet.start();
    expect(processes.all).toHaveLength(2);
    processes.at(1).ready();
    clock.advance(50);
    expect(fleet.stats).toMatchObject({ state: "starting", ready: 1, target: 2 });
    processes.at(2).ready();
    expect(await started).toEqual({ durationMs: 50, workers: 2 });
    expect(fleet.stats).toMatchObject({
      state: "running",
      ready: 2,
      crashes: 0,
      workers: [{ id: 1, pid: 1001, state: "ready", readyMs: 50 }, { id: 2, state: "ready", readyMs: 0 }],
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it("twice is once", async () => {
    const { fleet, processes } = await running();
    expect(fleet.start()).toBe(fleet.start());
    expect(processes.all).toHaveLength(2);
  });

  it("kills a worker that does not become ready in time, and makes another", async () => {
    const { clock, processes, fleet, log } = fleetOf({ workers: 1, readyTimeoutMs: 100 });
    const started = fleet.start();
    clock.advance(100);
    expect(processes.at(1).heard).toEqual(["SIGKILL"]);
    expect(log).toEqual(["in 100"]);
    clock.advance(100);
    processes.at(2).ready();
    expect((await started).durationMs).toBe(200);
  });

  it("fails when workers end faster than they may be replaced, with the way the last one ended", async () => {
    const { clock, processes, fleet } = fleetOf({ workers: 2, restarts: { budget: 2, minMs: 10 } });
    processes.made = (process) => process.end(7);
    const failed = expect(fleet.start()).rejects.toMatchObject({
      code: "ERR_WORKERS_FAILED",
      message: "workers: none is left, and no more may be started for now; the last one ended with the exit code 7 before it was ready",
      exit: { code: 7, wasReady: false, wasAsked: false, wasKilled: false },
    });
    await clock.advanceAsync(1_000);
    await failed;
    expect(await fleet.ended).toMatchObject({ isDrained: false, error: { code: "ERR_WORKERS_FAILED" } });
    expect(fleet.state).toBe("stopped");
    expect(clock.pendingTimers).toBe(0);
  });

  it("is given up by a stop, which tells those that are starting too", async () => {
    const { processes, fleet, clock } = fleetOf();
    const failed = expect(fleet.start()).rejects.toMatchObject({ code: "ERR_WORKERS_NOT_RUNNING" });
    expect(await fleet.stop()).toMatchObject({ isDrained: true, workers: [{ id: 1 }, { id: 2 }] });
    await failed;
    expect(processes.at(1).heard).toEqual(["stop"]);
    expect(clock.pendingTimers).toBe(0);
    await expect(fleet.start()).rejects.toMatchObject({ code: "ERR_WORKERS_NOT_RUNNING" });
  });
});

describe("a worker that ends unasked", () => {
  it("is replaced, each time after twice as long, and after a quiet window as at first", async () => {
    const { clock, processes, fleet, log } = await running({ workers: 1, restarts: { minMs: 100, maxMs: 300, windowMs: 10_000 } });
    for (let id = 1; id <= 4; id += 1) {
      processes.at(id).end(1);
      expect(fleet.health.status).toBe("UNHEALTHY");
      await clock.advanceAsync(300);
    }
    await clock.advanceAsync(10_000);
    processes.at(5).end(null, "SIGKILL");
    expect(log).toEqual(["in 100", "in 200", "in 300", "in 300", "in 100"]);
    expect(fleet.stats).toMatchObject({ crashes: 5, state: "running" });
  });

  it("waits for the budget where it is spent and others are left, which go on", async () => {
    const { clock, processes, fleet, log } = await running({ workers: 2, restarts: { minMs: 100, budget: 1, windowMs: 5_000 } });
    processes.at(1).end(1);
    await clock.advanceAsync(100);
    processes.at(3).end(1);
    expect(log).toEqual(["in 100", "in 5000 by budget"]);
    expect(fleet.health).toEqual({ status: "DEGRADED", reason: "workers: 1 of 2 are ready" });
    await clock.advanceAsync(5_000);
    expect(fleet.health.status).toBe("HEALTHY");
  });

  it("as the last one, with the budget spent, ends it all", async () => {
    const { clock, processes, fleet } = await running({ workers: 2, restarts: { budget: 1 } });
    processes.at(1).end(1);
    await clock.advanceAsync(100);
    processes.at(3).end(1);
    processes.at(2).end(null, "SIGSEGV");
    const end = await fleet.ended;
    expect(end.error?.message).toBe("workers: none is left, and no more may be started for now; the last one ended by SIGSEGV");
    expect(clock.pendingTimers).toBe(0);
  });

  it("is not replaced at all with a budget of 0", async () => {
    const { clock, processes, fleet, log } = await running({ workers: 2, restarts: { budget: 0 } });
    processes.at(1).end(1);
    await clock.advanceAsync(1e9);
    expect(log).toEqual(["in Infinity by budget"]);
    expect(fleet.stats.ready).toBe(1);
  });

  it("could not be made at all: it counts as one that ended", async () => {
    const { clock, processes, fleet } = fleetOf({ workers: 1, restarts: { budget: 0 } });
    processes.made = (process) => process.end(null);
    await expect(fleet.start()).rejects.toThrow("the last one ended with the exit code of no process before it was ready");
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a worker whose channel has closed", () => {
  it("is not ready any more, is killed when it does not end, and replaced", async () => {
    const { clock, processes, fleet, log } = await running({ stopTimeoutMs: 500 });
    processes.at(1).disconnect();
    expect(fleet.stats).toMatchObject({ ready: 1, crashes: 0 });
    expect(fleet.health.status).toBe("DEGRADED");
    await clock.advanceAsync(499);
    expect(processes.at(1).heard).toEqual([]);
    await clock.advanceAsync(1);
    expect(processes.at(1).heard).toEqual(["SIGKILL"]);
    await clock.advanceAsync(100);
    expect(fleet.stats).toMatchObject({ ready: 2, crashes: 1 });
    expect(log).toEqual(["in 100"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is killed within the time of a stop that comes then, and was not to be drained", async () => {
    const { clock, processes, fleet } = await running({ workers: 1, stopTimeoutMs: 500 });
    processes.at(1).disconnect();
    await clock.advanceAsync(400);
    processes.at(1).obeys = false;
    const stopped = fleet.stop();
    await clock.advanceAsync(500);
    expect(await stopped).toMatchObject({ isDrained: false, workers: [{ isForced: true }] });
  });
});

describe("a worker that the system does not make", () => {
  it("counts as one that ended, and why becomes a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const workers = new WorkerCluster({ workers: 1, env: { BAD: "\0" }, restarts: { budget: 0 } });
    onTestFinished(() => workers.metrics.close());
    await expect(workers.start()).rejects.toMatchObject({ code: "ERR_WORKERS_FAILED" });
    expect(await workers.ended).toMatchObject({ isDrained: false });
    expect(warned.mock.calls[0]?.[0]).toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
  });
});

describe("a rolling restart", () => {
  it("has the next one ready before the old one is told to stop, one at a time", async () => {
    const { processes, fleet } = await running();
    processes.made = () => undefined;
    const rolled = fleet.restart();
    expect(processes.alive.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(processes.at(1).heard).toEqual([]);
    processes.at(1).obeys = false;
    processes.at(3).ready();
    await settled();
    expect(processes.at(1).heard).toEqual(["stop"]);
    expect(processes.all, "not before the old one is gone").toHaveLength(3);
    processes.at(1).end(0);
    await settled();
    processes.at(4).ready();
    expect(await rolled).toMatchObject({ isComplete: true, replaced: 2, stopped: [{ id: 1, isDrained: true, isForced: false }, { id: 2 }] });
    expect(fleet.stats).toMatchObject({ generation: 1, crashes: 0, ready: 2, workers: [{ id: 3, generation: 1 }, { id: 4 }] });
  });

  it("is given up when the next one does not become ready, and the old ones go on", async () => {
    const { processes, fleet, clock } = await running();
    const heard: unknown[] = [];
    fleet.on("rolled", (report) => heard.push(report));
    processes.made = (process) => process.end(3);
    const report = await fleet.restart();
    expect(report).toMatchObject({ isComplete: false, reason: "not-ready", exit: { id: 3, code: 3 }, replaced: 0, stopped: [] });
    expect(heard).toEqual([report]);
    expect(fleet.stats).toMatchObject({ ready: 2, crashes: 0, workers: [{ id: 1 }, { id: 2 }] });
    processes.made = (process) => process.ready();
    expect(await fleet.restart()).toMatchObject({ isComplete: true, replaced: 2 });
    expect(clock.pendingTimers).toBe(0);
  });

  it("is bounded: one that hangs in its start is killed, and so is one that hangs in its stop", async () => {
    const { processes, fleet, clock } = await running({ workers: 1, readyTimeoutMs: 100, stopTimeoutMs: 50 });
    processes.made = () => undefined;
    const failed = fleet.restart();
    await clock.advanceAsync(100);
    expect(await failed).toMatchObject({ isComplete: false, reason: "not-ready", exit: { wasKilled: true }, durationMs: 100 });
    processes.made = (process) => process.ready();
    processes.at(1).obeys = false;
    const rolled = fleet.restart();
    await clock.advanceAsync(50);
    expect(await rolled).toMatchObject({ isComplete: true, stopped: [{ id: 1, isForced: true, isDrained: false, durationMs: 50 }] });
  });

  it("does not wait for ever for a process that not even a SIGKILL ends", async () => {
    const { processes, fleet, clock } = await running({ workers: 1, stopTimeoutMs: 50 });
    Object.assign(processes.at(1), { obeys: false, isHeld: true });
    const rolled = fleet.restart();
    await clock.advanceAsync(2_050);
    expect(await rolled).toMatchObject({ isComplete: true, stopped: [{ isForced: true, durationMs: 2_050 }] });
    expect(clock.pendingTimers).toBe(0);
  });

  it("twice is once while it runs", async () => {
    const { processes, fleet } = await running();
    processes.made = () => undefined;
    const first = fleet.restart();
    expect(fleet.restart()).toBe(first);
    processes.made = (process) => process.ready();
    processes.at(3).ready();
    await first;
    expect(fleet.restart()).not.toBe(first);
  });

  it("passes over a worker that crashed meanwhile: its replacement is new anyway", async () => {
    const { processes, fleet, clock } = await running({ workers: 2, restarts: { minMs: 10 } });
    processes.made = () => undefined;
    const rolled = fleet.restart();
    processes.at(2).end(1);
    await clock.advanceAsync(10);
    processes.at(4).ready();
    processes.at(3).ready();
    expect(await rolled).toMatchObject({ isComplete: true, replaced: 1, stopped: [{ id: 1 }] });
    expect(fleet.stats.workers.map(({ id, generation }) => [id, generation])).toEqual([[3, 1], [4, 1]]);
  });

  it("keeps one of the two where a worker crashes just as its successor starts", async () => {
    const { processes, fleet, clock } = await running({ workers: 1, restarts: { minMs: 10 } });
    processes.made = () => undefined;
    const rolled = fleet.restart();
    processes.at(1).end(1);
    await clock.advanceAsync(10);
    expect(processes.alive.map(({ id }) => id)).toEqual([2, 3]);
    processes.at(2).ready();
    expect(await rolled).toMatchObject({ isComplete: true, stopped: [{ id: 3 }] });
    expect(processes.alive.map(({ id }) => id)).toEqual([2]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("cannot be asked for before the start and after the stop", async () => {
    const { fleet } = fleetOf();
    await expect(fleet.restart()).rejects.toMatchObject({ code: "ERR_WORKERS_NOT_RUNNING", message: "workers cannot do this: they are new" });
    await fleet.stop();
    await expect(fleet.restart()).rejects.toThrow("they are stopped");
  });
});

describe("stopping", () => {
  it("tells all, waits for each, kills those that hang, and reports", async () => {
    const { processes, fleet, clock } = await running({ stopTimeoutMs: 100 });
    processes.at(2).obeys = false;
    const stopped = fleet.stop();
    expect(fleet.stop()).toBe(stopped);
    expect(fleet.health.status).toBe("UNHEALTHY");
    await clock.advanceAsync(100);
    expect(await stopped).toEqual({
      isDrained: false,
      durationMs: 100,
      workers: [
        { id: 1, pid: 1001, isDrained: true, isForced: false, durationMs: 0 },
        { id: 2, pid: 1002, isDrained: false, isForced: true, durationMs: 100 },
      ],
    });
    expect(await fleet.ended).toBe(await stopped);
    expect(fleet.state).toBe("stopped");
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends a rolling restart, and the worker that is starting for it", async () => {
    const { processes, fleet, clock } = await running();
    processes.made = () => undefined;
    const rolled = fleet.restart();
    const stopped = fleet.stop();
    expect(await rolled).toMatchObject({ isComplete: false, reason: "stopping", replaced: 0 });
    expect((await stopped).workers.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(processes.alive).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("tells a worker again that did not listen yet when it was told", async () => {
    const { processes, fleet } = fleetOf({ workers: 1 });
    void fleet.start().catch(() => undefined);
    processes.at(1).hello();
    processes.at(1).obeys = false;
    const stopped = fleet.stop();
    processes.at(1).obeys = true;
    processes.at(1).hello();
    expect(await stopped).toMatchObject({ isDrained: true, workers: [{ isForced: false }] });
    expect(processes.at(1).heard).toEqual(["stop", "stop"]);
  });

  it("bids a worker farewell that has stopped, whoever asked it to", async () => {
    const { processes } = await running();
    processes.at(1).stopped();
    expect(processes.at(1).heard).toEqual(["bye"]);
  });

  it("cancels replacements that were to come", async () => {
    const { processes, fleet, clock } = await running();
    processes.at(1).end(1);
    await fleet.stop();
    await clock.advanceAsync(10_000);
    expect(processes.all).toHaveLength(2);
  });

  it("is over at once when it is forced", async () => {
    const { processes, fleet } = await running();
    for (const process of processes.all) process.obeys = false;
    const stopped = fleet.stop();
    fleet.force();
    expect(await stopped).toMatchObject({ isDrained: false, workers: [{ isForced: true }, { isForced: true }] });
    expect(processes.at(1).heard).toEqual(["stop", "SIGKILL"]);
  });
});

it.each([
  [{ workers: 0 }, "workers must be a whole number from 1 to 1024, got 0"],
  [{ readyTimeoutMs: -1 }, "readyTimeoutMs must be a number from 0 to Infinity, got -1"],
  [{ stopTimeoutMs: "1" as never }, 'stopTimeoutMs must be a number, got "1"'],
  [{ restarts: { minMs: -1 } }, "restarts.minMs must be a number from 0 to Infinity, got -1"],
  [{ restarts: { minMs: 10, maxMs: 5 } }, "restarts.maxMs must be a number from 10 to Infinity, got 5"],
  [{ restarts: { budget: 1.5 } }, "restarts.budget must be a whole number from 0 to Infinity, got 1.5"],
  [{ restarts: { windowMs: 0 } }, "restarts.windowMs must be a number from 1 to Infinity, got 0"],
])("wrong options are refused by name and value: %o", (options, message) => {
  expect(() => new WorkerCluster(options)).toThrow(message);
});
