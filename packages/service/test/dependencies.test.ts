import * as fc from "fast-check";
import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { dependenciesOf, dependentsOf } from "../src/resources/dependencies.ts";
import { ResourceGraph } from "../src/resources/resource-graph.ts";
import type { Resource } from "../src/resources/resource.ts";

const never = new AbortController().signal;

/** A graph of resources whose steps take so long on the clock, and a log of their begins and ends. */
function graphOf(clock: ManualClock, resources: readonly (Resource & { readonly startMs?: number; readonly stopMs?: number; readonly fails?: Error })[]) {
  const log: string[] = [];
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms));
  const given = resources.map(({ startMs = 0, stopMs = 0, fails, ...resource }): Resource => ({
    ...resource,
    start: async () => {
      log.push(`+${resource.name}`);
      await wait(startMs);
      if (fails !== undefined) throw fails;
      log.push(`${resource.name} is ready`);
    },
    stop: async () => {
      log.push(`-${resource.name}`);
      await wait(stopMs);
      log.push(`${resource.name} is gone`);
    },
  }));
  return { graph: new ResourceGraph(given, clock), log };
}

describe("resources with dependencies", () => {
  it("that have nothing to do with one another start at the same time, and stop at the same time", async () => {
    const clock = new ManualClock();
    const { graph, log } = graphOf(clock, [
      { name: "config" },
      { name: "database", dependsOn: ["config"], startMs: 100, stopMs: 30 },
      { name: "cache", dependsOn: ["config"], startMs: 50, stopMs: 10 },
      { name: "api", dependsOn: ["database", "cache"] },
    ]);
    const started = graph.start(never);
    await clock.advanceAsync(100);
    expect(await started).toEqual([
      { name: "config", durationMs: 0 },
      { name: "cache", durationMs: 50 },
      { name: "database", durationMs: 100 },
      { name: "api", durationMs: 0 },
    ]);
    const stopped = graph.stop();
    await clock.advanceAsync(30);
    expect((await stopped).map(({ name, durationMs }) => [name, durationMs])).toEqual([["api", 0], ["cache", 10], ["database", 30], ["config", 0]]);
    expect(log.filter((line) => /^[+-]/.test(line))).toEqual(["+config", "+database", "+cache", "+api", "-api", "-database", "-cache", "-config"]);
  });

  it("without dependsOn wait for all before them", async () => {
    const clock = new ManualClock();
    const { graph, log } = graphOf(clock, [{ name: "a", startMs: 10 }, { name: "b", dependsOn: [], startMs: 30 }, { name: "c" }]);
    const started = graph.start(never);
    await settled();
    expect(log).toEqual(["+a", "+b"]);
    await clock.advanceAsync(30);
    await started;
    expect(log).toEqual(["+a", "+b", "a is ready", "b is ready", "+c", "c is ready"]);
  });

  it("may depend on what stands later", async () => {
    const clock = new ManualClock();
    const { graph, log } = graphOf(clock, [{ name: "api", dependsOn: ["database"] }, { name: "database", dependsOn: [] }]);
    const started = graph.start(never);
    await clock.advanceAsync(0);
    await started;
    expect(log.filter((line) => line.startsWith("+"))).toEqual(["+database", "+api"]);
  });

  it("start all or none: one that fails tells the others by their signal, waits for them, and all that began are stopped", async () => {
    const clock = new ManualClock();
    const failure = new Error("no database");
    const reasons: unknown[] = [];
    const stop = vi.fn();
    const graph = new ResourceGraph(
      [
        { name: "database", dependsOn: [], start: () => Promise.reject(failure) },
        {
          name: "cache",
          dependsOn: [],
          stop,
          start: ({ signal }) =>
            new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => {
                reasons.push(signal.reason);
                clock.setTimer(resolve, 20);
              });
            }),
        },
        { name: "api", dependsOn: ["cache"], start: () => reasons.push("must not start") },
      ],
      clock,
    );
    const started = expect(graph.start(never)).rejects.toBe(failure);
    await settled();
    expect(stop, "it is still starting").not.toHaveBeenCalled();
    await clock.advanceAsync(20);
    await started;
    expect(reasons).toEqual([failure]);
    expect(stop).toHaveBeenCalledTimes(1);
    expect(graph.views.map(({ name, state }) => [name, state])).toEqual([["database", "failed"], ["cache", "stopped"], ["api", "new"]]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("say how they are", async () => {
    const clock = new ManualClock();
    const { graph } = graphOf(clock, [
      { name: "a", startMs: 10 },
      { name: "b", dependsOn: ["a"], stopMs: 100, stopTimeoutMs: 20 },
    ]);
    expect(graph.views[1]).toEqual({ name: "b", state: "new", dependsOn: ["a"], startMs: undefined, error: undefined });
    const started = graph.start(never);
    await settled();
    expect(graph.views.map(({ state }) => state)).toEqual(["starting", "new"]);
    expect(graph.isReady("a")).toBe(false);
    await clock.advanceAsync(10);
    await started;
    expect(graph.views[0]).toMatchObject({ state: "started", startMs: 10 });
    expect(graph.isReady("a")).toBe(true);
    const stopped = graph.stop();
    await clock.advanceAsync(20);
    await stopped;
    expect(graph.views[1]).toMatchObject({ state: "stuck", error: { code: "ERR_RESOURCE_TIMEOUT" } });
  });

  it.each<[readonly Resource[], string]>([
    [[{ name: "a" }, { name: "a" }], 'resources has "a" twice'],
    [[{ name: "a", dependsOn: ["b"] }], 'resource "a" depends on "b", which is not among the resources'],
    [[{ name: "a", dependsOn: ["a"] }], "resources depend on one another: a -> a"],
    [
      [{ name: "x", dependsOn: [] }, { name: "a", dependsOn: ["c", "x"] }, { name: "b", dependsOn: ["a"] }, { name: "c", dependsOn: ["b"] }],
      "resources depend on one another: a -> c -> b -> a",
    ],
    [[{ name: "a", dependsOn: ["b"] }, { name: "b" }], "resources depend on one another: a -> b -> a"],
    [[{ name: "a" }, { name: "b", dependsOn: ["a", "a"] }], 'resources[1].dependsOn names "a" twice'],
    [[{ name: "a", dependsOn: "b" as never }], "resources[0].dependsOn must be a list of names, got string"],
    [[{ name: "a", dependsOn: [3 as never] }], "resources[0].dependsOn[0] must be a text, got number"],
    [{} as never, "resources must be a list, got object"],
  ])("that cannot be put in order are a TypeError that names them: %#", (resources, message) => {
    expect(() => new ResourceGraph(resources, new ManualClock())).toThrow(new TypeError(message));
  });
});

/** Resources whose dependencies stand before them, each with how long its steps take, and whether its start fails. */
const acyclic = fc
  .array(fc.record({ picks: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), isListed: fc.boolean(), ms: fc.nat({ max: 5 }), fails: fc.nat({ max: 9 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((all) =>
    all.map(({ picks, isListed, ms, fails }, index) => ({
      name: String(index),
      ...(isListed && { dependsOn: [...new Set(picks.map((pick) => (index === 0 ? -1 : pick % index)).filter((pick) => pick >= 0).map(String))] }),
      startMs: ms,
      stopMs: 5 - ms,
      ...(fails === 0 && { fails: new Error(String(index)) }),
    })),
  );

describe("any graph of resources", () => {
  it("starts each after all that it depends on, stops it before them, and stops exactly what began", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined); // several may fail
    onTestFinished(() => warned.mockRestore());
    await fc.assert(
      fc.asyncProperty(acyclic, async (resources) => {
        const clock = new ManualClock();
        const { graph, log } = graphOf(clock, resources);
        const started = graph.start(never).then(() => true, (error: unknown) => error instanceof Error && "failed");
        await clock.advanceAsync(1_000);
        const mayFail = resources.some(({ fails }) => fails !== undefined);
        expect(await started).toBe(mayFail ? "failed" : true);
        const stopped = graph.stop();
        await clock.advanceAsync(1_000);
        await stopped;
        const dependencies = dependenciesOf(resources.map(({ name, dependsOn }) => ({ name, dependsOn })));
        const at = (line: string): number => log.indexOf(line);
        dependencies.forEach((needs, index) => {
          if (at(`+${index}`) === -1) return;
          for (const need of needs) {
            expect(at(`${need} is ready`)).toBeGreaterThanOrEqual(0);
            expect(at(`${need} is ready`)).toBeLessThan(at(`+${index}`));
            expect(at(`${index} is gone`)).toBeLessThan(at(`-${need}`));
          }
        });
        const named = (sign: string): string[] => log.filter((line) => line.startsWith(sign)).map((line) => line.slice(1)).sort();
        expect(named("-")).toEqual(named("+"));
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("has dependents that are its dependencies turned round", () => {
    fc.assert(
      fc.property(acyclic, (resources) => {
        const dependencies = dependenciesOf(resources.map(({ name, dependsOn }) => ({ name, dependsOn })));
        const pairs = (edges: readonly (readonly number[])[], turn: boolean): string[] =>
          edges.flatMap((ends, index) => ends.map((end) => (turn ? `${end}-${index}` : `${index}-${end}`))).sort();
        expect(pairs(dependentsOf(dependencies), true)).toEqual(pairs(dependencies, false));
      }),
    );
  });
});
