import { EventEmitter } from "node:events";
import { ManualClock, settled } from "@breakwater/core/testing";
import { runCluster, runWorker, type RunClusterOptions } from "@breakwater/service/cluster";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Fleet } from "../../src/cluster/fleet.ts";
import { readFleetOptions, type FleetOptions } from "../../src/cluster/options.ts";
import { FakeProcesses } from "./fake-processes.ts";

class TestFleet extends Fleet {
  constructor(processes: FakeProcesses, options: FleetOptions) {
    super(readFleetOptions(options), processes.fork);
  }
}

function run(options: RunClusterOptions = {}, fleetOptions: FleetOptions = {}) {
  const clock = new ManualClock();
  const processes = new FakeProcesses();
  processes.made = (process) => process.ready();
  const fleet = new TestFleet(processes, { workers: 2, clock, ...fleetOptions });
  const signals = new EventEmitter();
  const exit = vi.fn();
  const report = runCluster(fleet, { process: signals, exit, ...options });
  return { clock, processes, fleet, signals, exit, report };
}

describe("the life of a primary", () => {
  it("starts the workers, stops them at the first signal, exits with 0, and leaves no listener", async () => {
    const done = vi.fn();
    const { signals, exit, report, fleet } = run({ done });
    await settled();
    expect(fleet.state).toBe("running");
    signals.emit("SIGTERM");
    const expected = { exitCode: 0, signal: "SIGTERM", stop: { isDrained: true } };
    expect(await report).toMatchObject(expected);
    expect(done.mock.calls).toMatchObject([[expected]]);
    expect(exit.mock.calls).toEqual([[0]]);
    expect(signals.eventNames()).toEqual([]);
  });

  it("exits with 1 when a worker was forced", async () => {
    const { signals, clock, processes, report } = run({}, { stopTimeoutMs: 100 });
    await settled();
    processes.at(1).obeys = false;
    signals.emit("SIGINT");
    await clock.advanceAsync(100);
    expect(await report).toMatchObject({ exitCode: 1, signal: "SIGINT", stop: { isDrained: false } });
  });

  it("kills them at the second signal, and exits with its number", async () => {
    const { signals, processes, exit, report } = run();
    await settled();
    for (const process of processes.all) process.obeys = false;
    signals.emit("SIGTERM");
    await settled();
    expect(exit).not.toHaveBeenCalled();
    signals.emit("SIGINT");
    expect(await report).toEqual({ exitCode: 130, signal: "SIGTERM", stop: undefined });
    expect(processes.alive).toEqual([]);
    expect(exit.mock.calls).toEqual([[130]]);
  });

  it("exits with 1, and warns of the reason, when none is left", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const { processes, report } = run({}, { workers: 1, restarts: { budget: 0 } });
    await settled();
    processes.at(1).end(9);
    expect(await report).toMatchObject({ exitCode: 1, signal: undefined, stop: { error: { code: "ERR_WORKERS_FAILED" } } });
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it("restarts them one by one at a SIGHUP, and warns of a restart that gave up or came too soon", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const { signals, processes, fleet, report } = run();
    signals.emit("SIGHUP");
    await settled();
    expect(warned.mock.calls[0]?.[0]).toMatchObject({ code: "ERR_WORKERS_NOT_RUNNING" });
    signals.emit("SIGHUP");
    await settled();
    expect(fleet.stats.workers.map(({ id }) => id)).toEqual([3, 4]);
    processes.made = (process) => process.end(1);
    signals.emit("SIGHUP");
    await settled();
    expect(warned.mock.calls[1]?.[0]).toMatchObject({ message: "rolling restart gave up: not-ready (worker 5: 1)" });
    signals.emit("SIGTERM");
    await report;
  });

  it("hears the signals that it was given, and no others", async () => {
    const { signals, report } = run({ signals: ["SIGUSR2"], restartSignal: false });
    expect(signals.eventNames()).toEqual(["SIGUSR2"]);
    signals.emit("SIGUSR2");
    expect(await report).toMatchObject({ exitCode: 0 });
  });

  it("takes a signal that asks for both for a stop", async () => {
    const { signals, report } = run({ signals: ["SIGHUP"] });
    expect(signals.listenerCount("SIGHUP")).toBe(1);
    signals.emit("SIGHUP");
    expect(await report).toMatchObject({ exitCode: 0, signal: "SIGHUP" });
  });

  it("exits also when its listener throws", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const failure = new Error("listener");
    const { signals, exit, report } = run({ done: () => { throw failure; } });
    signals.emit("SIGTERM");
    await report;
    expect(exit.mock.calls).toEqual([[0]]);
    expect(warned).toHaveBeenCalledWith(failure);
  });

  it("refuses wrong options by name and value", async () => {
    expect(() => run({ exit: 3 as never })).toThrow(new TypeError("exit must be a function, got number"));
    expect(() => run({ done: "x" as never })).toThrow(new TypeError('done must be a function, got "x"'));
    await expect(runWorker({ start: 3 as never })).rejects.toThrow(new TypeError("start must be a function, got number"));
    await expect(runWorker({ stop: 3 as never })).rejects.toThrow(new TypeError("stop must be a function, got number"));
  });
});
