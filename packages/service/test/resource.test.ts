import { ManualClock, settled } from "@breakwater/core/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ResourceGraph } from "../src/resources/resource-graph.ts";
import type { Resource } from "../src/resources/resource.ts";

const clock = new ManualClock();
const never = new AbortController().signal;
const warnings = vi.spyOn(process, "emitWarning");

beforeEach(() => void warnings.mockReset().mockImplementation(() => undefined));

/** Resources that write down what was done with them. */
function chainOf(...resources: readonly Partial<Resource>[]): { chain: ResourceGraph; log: string[] } {
  const log: string[] = [];
  const named = resources.map(({ name = "?", start, stop, ...rest }) => ({
    ...rest,
    name,
    start: async (context: { signal: AbortSignal }) => {
      log.push(`start ${name}`);
      await start?.(context);
    },
    stop: async () => {
      log.push(`stop ${name}`);
      await stop?.();
    },
  }));
  return { chain: new ResourceGraph(named, clock), log };
}

describe("resources", () => {
  it("start in order, each after the one before is ready, and stop in reverse", async () => {
    const { chain, log } = chainOf({ name: "a", start: () => settled().then(() => log.push("a is ready")) }, { name: "b" });
    await chain.start(never);
    await chain.stop();
    expect(log).toEqual(["start a", "a is ready", "start b", "stop b", "stop a"]);
  });

  it("that started are stopped when a later one fails, the failed one included, and its own error comes out", async () => {
    const failure = new Error("no database");
    const { chain, log } = chainOf({ name: "a" }, { name: "b", start: () => Promise.reject(failure) }, { name: "c" });
    await expect(chain.start(never)).rejects.toBe(failure);
    expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
  });

  it("may throw synchronously", async () => {
    const failure = new Error("at once");
    const chain = new ResourceGraph([{ name: "a", start: () => { throw failure; } }], clock);
    await expect(chain.start(never)).rejects.toBe(failure);
  });

  it("that hang in start are given up at their timeout", async () => {
    const { chain } = chainOf({ name: "slow", start: () => new Promise(() => undefined), startTimeoutMs: 100 });
    const started = chain.start(never);
    const outcome = expect(started).rejects.toMatchObject({ code: "ERR_RESOURCE_TIMEOUT", resource: "slow", timeoutMs: 100 });
    await clock.advanceAsync(100);
    await outcome;
    expect(clock.pendingTimers).toBe(0);
  });

  it("that hang in stop do not hold up those before them", async () => {
    const { chain, log } = chainOf({ name: "a" }, { name: "b", stop: () => new Promise(() => undefined), stopTimeoutMs: 50 });
    await chain.start(never);
    const stopped = chain.stop();
    await clock.advanceAsync(50);
    expect(await stopped).toMatchObject([
      { name: "b", isStopped: false, durationMs: 50, error: { code: "ERR_RESOURCE_TIMEOUT" } },
      { name: "a", isStopped: true },
    ]);
    expect(log.at(-1)).toBe("stop a");
  });

  it("that fail in stop are reported with their own error, and the rest stop all the same", async () => {
    const failure = new Error("already gone");
    const { chain } = chainOf({ name: "a" }, { name: "b", stop: () => Promise.reject(failure) });
    await chain.start(never);
    const reports = await chain.stop();
    expect(reports.map(({ name, isStopped }) => [name, isStopped])).toEqual([["b", false], ["a", true]]);
    expect(reports[0]?.error).toBe(failure);
  });

  it("stop once, however often the chain is stopped", async () => {
    const { chain, log } = chainOf({ name: "a" });
    await chain.start(never);
    await chain.stop();
    await chain.stop();
    expect(log).toEqual(["start a", "stop a"]);
  });

  it("that fail after their timeout leave a warning and no unhandled rejection", async () => {
    let fail: (error: Error) => void = () => undefined;
    const { chain } = chainOf({ name: "a", start: () => new Promise((_, reject) => (fail = reject)), startTimeoutMs: 10 });
    const started = chain.start(never).catch((error: unknown) => error);
    await clock.advanceAsync(10);
    await started;
    const late = new Error("late");
    fail(late);
    await settled();
    expect(warnings).toHaveBeenCalledWith(late);
  });

  it("that are ready after their time are stopped once more, as there was nothing to stop before", async () => {
    let connect: () => void = () => undefined;
    let connections = 0;
    const start = (): Promise<void> => new Promise((resolve) => (connect = () => { connections += 1; resolve(); }));
    const { chain, log } = chainOf({ name: "a", start, stop: () => (connections = 0), startTimeoutMs: 10 });
    const started = chain.start(never).catch((error: unknown) => error);
    await clock.advanceAsync(10);
    expect(await started).toMatchObject({ code: "ERR_RESOURCE_TIMEOUT" });
    connect();
    await settled();
    expect([connections, log]).toEqual([0, ["start a", "stop a", "stop a"]]);
    expect(chain.views).toMatchObject([{ state: "failed" }]);
  });

  it("that fail at the same time are all heard of, and what is only the echo of the first is not", async () => {
    const [first, second] = [new Error("first"), new Error("second")];
    const told = ({ signal }: { signal: AbortSignal }, answer: (reason: unknown) => unknown): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(answer(signal.reason))));
    const { chain } = chainOf(
      { name: "a", dependsOn: [], start: () => Promise.reject(first) },
      { name: "b", dependsOn: [], start: () => settled().then(() => Promise.reject(second)) },
      { name: "c", dependsOn: [], start: (context) => told(context, (reason) => reason) },
      { name: "d", dependsOn: [], start: (context) => told(context, (cause) => new Error("given up", { cause })) },
      { name: "e", dependsOn: [], start: (context) => told(context, () => new DOMException("aborted", "AbortError")) },
    );
    await expect(chain.start(never)).rejects.toBe(first);
    expect(warnings.mock.calls).toEqual([[second]]);
  });

  it("are not started after an abort, and those that were are stopped", async () => {
    const controller = new AbortController();
    const reason = { why: "changed my mind" };
    const { chain, log } = chainOf({ name: "a", start: () => controller.abort(reason) }, { name: "b" });
    await expect(chain.start(controller.signal)).rejects.toBe(reason);
    expect(log).toEqual(["start a", "stop a"]);
  });

  it("whose start does not hear its signal are given up after as long as they have to stop, and stopped when they are ready after all", async () => {
    const stop = new AbortController();
    let ready: () => void = () => undefined;
    const { chain, log } = chainOf({ name: "a" }, { name: "b", stopTimeoutMs: 2_000, start: () => new Promise<void>((resolve) => (ready = resolve)) }, { name: "c" });
    const started = chain.start(stop.signal).catch((error: unknown) => error);
    await clock.advanceAsync(1_000);
    stop.abort("the service stops");
    await clock.advanceAsync(1_999);
    expect(log).toEqual(["start a", "start b"]);
    await clock.advanceAsync(1);
    expect(await started).toBe("the service stops");
    expect(log).toEqual(["start a", "start b", "stop b", "stop a"]);
    ready();
    await settled();
    expect([log.at(-1), clock.pendingTimers, warnings.mock.calls]).toEqual(["stop b", 0, []]);
    expect(log.filter((line) => line === "stop b")).toHaveLength(2);
  });

  it("whose start does not hear that another one failed are given up in the same way, with that one's error", async () => {
    const failure = new Error("no database");
    const { chain, log } = chainOf(
      { name: "a", dependsOn: [], start: () => Promise.reject(failure) },
      { name: "b", dependsOn: [], stopTimeoutMs: 100, start: () => new Promise<void>(() => undefined) },
    );
    const started = chain.start(never).catch((error: unknown) => error);
    await clock.advanceAsync(100);
    expect(await started).toBe(failure);
    expect([[...log].sort(), clock.pendingTimers, warnings.mock.calls]).toEqual([["start a", "start b", "stop a", "stop b"], 0, []]);
  });

  it("that still are late in giving up are late at the end of their start's own time", async () => {
    const stop = new AbortController();
    const { chain } = chainOf({ name: "a", startTimeoutMs: 100, stopTimeoutMs: 2_000, start: () => new Promise<void>(() => undefined) });
    const started = chain.start(stop.signal).catch((error: unknown) => error);
    await clock.advanceAsync(50);
    stop.abort("the service stops");
    await clock.advanceAsync(50);
    expect(await started).toMatchObject({ code: "ERR_RESOURCE_TIMEOUT" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("are called on their own object", async () => {
    class Queue implements Resource {
      readonly name = "queue";
      isOpen = false;
      start(): void {
        this.isOpen = true;
      }
    }
    const queue = new Queue();
    await new ResourceGraph([queue], clock).start(never);
    expect(queue.isOpen).toBe(true);
  });

  it.each([
    [{ name: "" }, "resources[0].name"],
    [{ name: "a", startTimeoutMs: -1 }, "resources[0].startTimeoutMs must be a number from 0 to Infinity, got -1"],
    [{ name: "a", stop: 3 }, "resources[0].stop must be a function, got number"],
  ])("with wrong options are refused by name and value: %o", (resource, message) => {
    // What JavaScript may pass.
    expect(() => new ResourceGraph([resource as Resource], clock)).toThrow(message);
  });
});
