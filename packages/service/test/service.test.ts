import { getEventListeners } from "node:events";
import { lendAbort, type Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Metrics } from "@breakwater/metrics";
import { authentication, pipeline, requestId } from "@breakwater/middleware";
import { createService, type ServiceHost, type ServiceOptions } from "@breakwater/service";
import { describe, expect, it, vi } from "vitest";

interface Job {
  readonly ms?: number;
  readonly fail?: unknown;
  readonly token?: string;
}

const quick = (): Promise<number> => Promise.resolve(1);

/** A handler whose work takes time on the manual clock, and which stops when its signal says so. */
function working(clock: ManualClock) {
  return (job: Job, call: Call): Promise<string> =>
    new Promise((resolve, reject) => {
      const { signal } = call;
      signal?.addEventListener("abort", () => reject(signal.reason));
      clock.setTimer(() => {
        if ("fail" in job) reject(job.fail);
        else resolve("done");
      }, job.ms ?? 10);
    });
}

async function running(
  clock: ManualClock,
  options: Omit<ServiceOptions<Job, Call>, "clock"> = {},
): Promise<ServiceHost<Job, string>> {
  const service = createService<Job>({ ...options, clock }).handle(working(clock));
  await service.start();
  return service;
}

describe("a service", () => {
  it("serves requests between start and stop, and refuses them before and after", async () => {
    const clock = new ManualClock();
    const service = createService<Job>({ name: "shop", clock }).handle(working(clock));
    const refusal = (reason: string) => ({ code: "ERR_SERVICE_UNAVAILABLE", reason, source: "shop" });
    expect(service.state).toBe("new");
    await expect(service.process({})).rejects.toMatchObject(refusal("not-started"));
    await service.start();
    const answer = service.process({});
    await clock.advanceAsync(10);
    expect(await answer).toBe("done");
    await service.stop();
    await expect(service.process({})).rejects.toMatchObject(refusal("stopped"));
    await expect(service.start()).rejects.toMatchObject(refusal("stopped"));
    expect(service.stats).toMatchObject({ state: "stopped", succeeded: 1, failed: 0, refused: 2 });
  });

  it("passes the handler's error through as it is", async () => {
    const clock = new ManualClock();
    const service = await running(clock);
    const failure = { any: "value" };
    const answer = expect(service.process({ fail: failure })).rejects.toBe(failure);
    await clock.advanceAsync(10);
    await answer;
    expect(service.stats.failed).toBe(1);
  });

  it("turns a handler's synchronous throw into a rejection", async () => {
    const failure = new Error("at once");
    const service = createService<Job>({ limiter: { limit: 1 } }).handle(() => {
      throw failure;
    });
    await service.start();
    await expect(service.process({})).rejects.toBe(failure);
    await expect(service.process({})).rejects.toBe(failure); // the slot came back
    expect(service.stats).toMatchObject({ failed: 2, inFlight: 0 });
  });

  it.each([
    ["a plain value", () => 7],
    ["a thenable", () => ({ then: (resolve: (value: number) => void) => resolve(7) })],
    ["a thenable that throws", () => ({ then: () => { throw new Error("then"); } })],
  ])("counts a request once that is answered with %s", async (_, handler) => {
    const service = createService().handle(handler as never);
    await service.start();
    const { signal } = new AbortController();
    const answer: unknown = await service.process({}, { signal }).catch((error: unknown) => String(error));
    const isFailed = answer === "Error: then";
    expect(isFailed || answer === 7).toBe(true);
    expect(service.stats).toMatchObject({ succeeded: isFailed ? 0 : 1, failed: isFailed ? 1 : 0, inFlight: 0 });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("admits as many as the limiter says, and tells service time from sojourn time", async () => {
    const clock = new ManualClock();
    const service = await running(clock, { limiter: { limit: 1, queueLimit: 1 } });
    const answers = [service.process({ ms: 100 }), service.process({ ms: 100 })];
    await expect(service.process({})).rejects.toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "queue-full" });
    expect(service.stats).toMatchObject({ inFlight: 1, waiting: 1, refused: 1 });
    await clock.advanceAsync(200);
    await Promise.all(answers);
    const { service: work, sojourn } = service.responseTimes;
    expect(work.lifetime).toMatchObject({ count: 2, mean: 0.1 });
    expect(sojourn.lifetime.max).toBeCloseTo(0.2);
  });

  it("hands the handler what the middlewares provide", async () => {
    const middleware = pipeline<Job>()
      .use(requestId({ generate: () => "id-1" }))
      .use(authentication({ credentials: (job) => job.token, verify: (token) => (token === "x" ? { name: "Ann" } : undefined) }));
    const service = createService({ middleware }).handle(async (_job, call) => `${call.requestId} ${call.user.name}`);
    await service.start();
    expect(await service.process({ token: "x" })).toBe("id-1 Ann");
    await expect(service.process({})).rejects.toMatchObject({ code: "ERR_AUTHENTICATION", reason: "missing" });
    expect(service.stats).toMatchObject({ succeeded: 1, failed: 0, neutral: 1 });
  });

  it("never changes the caller's call", async () => {
    const clock = new ManualClock();
    const service = await running(clock);
    const call = Object.freeze({ priority: 3, signal: new AbortController().signal });
    const answer = service.process({}, call);
    await clock.advanceAsync(10);
    await answer;
  });

  it("refuses wrong options by name and value", () => {
    expect(() => createService({ limiter: { limit: -1 } })).toThrow("limit");
    expect(() => createService({ limiter: 3 as never })).toThrow(new TypeError("limiter must be an object, got number"));
    expect(() => createService({ limiter: null as never })).toThrow(new TypeError("limiter must be an object, got null"));
    expect(() => createService({ classify: 3 as never })).toThrow("classify must be a function, got number");
    expect(() => createService().handle(undefined as never)).toThrow("handler must be a function, got undefined");
  });

  it("refuses a wrong grace without stopping", async () => {
    const service = await running(new ManualClock());
    expect(() => service.stop({ graceMs: -1 })).toThrow(new RangeError("graceMs must be a number from 0 to Infinity, got -1"));
    expect(service.state).toBe("running");
  });
});

describe("cancelling", () => {
  it("reaches the handler with the caller's own reason", async () => {
    const clock = new ManualClock();
    const service = await running(clock);
    const controller = new AbortController();
    const answer = expect(service.process({}, { signal: controller.signal })).rejects.toBe("changed my mind");
    controller.abort("changed my mind");
    await answer;
    expect(service.stats).toMatchObject({ neutral: 1, failed: 0 });
    expect(service.responseTimes.service.lifetime.count, "half a request has no response time").toBe(0);
  });

  it("frees the place in the queue at once", async () => {
    const clock = new ManualClock();
    const service = await running(clock, { limiter: { limit: 1, queueLimit: 1 } });
    const first = service.process({});
    const controller = new AbortController();
    const second = expect(service.process({}, { signal: controller.signal })).rejects.toBe("gone");
    controller.abort("gone");
    await second;
    expect(service.stats.waiting).toBe(0);
    await clock.advanceAsync(10);
    await first;
  });

  it("leaves no listener on the caller's signal", async () => {
    const clock = new ManualClock();
    const service = await running(clock);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const answer = service.process({}, { signal });
    await clock.advanceAsync(10);
    await answer;
    await settled();
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});

describe("a signal shared by many requests", () => {
  it("takes as many listeners as there are requests without a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning");
    const clock = new ManualClock();
    const service = await running(clock);
    const answers = Promise.all(Array.from({ length: 50 }, () => service.process({})));
    await clock.advanceAsync(10);
    await answers;
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe("stopping", () => {
  it("lets accepted requests end, the queued ones included", async () => {
    const clock = new ManualClock();
    const service = await running(clock, { limiter: { limit: 1, queueLimit: 5 } });
    const answers = Promise.all([service.process({ ms: 100 }), service.process({ ms: 100 })]);
    const stopped = service.stop({ graceMs: 1_000 });
    await expect(service.process({})).rejects.toMatchObject({ reason: "stopping" });
    await clock.advanceAsync(200);
    expect(await answers).toEqual(["done", "done"]);
    expect(await stopped).toMatchObject({ isDrained: true, aborted: 0, durationMs: 200 });
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("aborts by a signal that was lent to it what has not ended within the grace, and no other of the same caller", async () => {
    const clock = new ManualClock();
    const service = await running(clock);
    const [slow, quick, other] = [new AbortController(), new AbortController(), new AbortController()];
    lendAbort(other);
    const answer = service.process({ ms: 1_000 }, { signal: lendAbort(slow) }).catch((error: unknown) => error);
    const done = service.process({ ms: 10 }, { signal: lendAbort(quick) });
    const stopped = service.stop({ graceMs: 100 });
    await clock.advanceAsync(100);
    expect([await done, await stopped]).toMatchObject(["done", { isDrained: false, aborted: 1 }]);
    expect(await answer).toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE", reason: "stopping" });
    expect([slow, quick, other].map(({ signal }) => signal.aborted)).toEqual([true, false, false]);
  });

  it("aborts by a signal that was lent to it also a request that gets its place just as the grace ends", async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const clock = new ManualClock();
      let end: (value: string) => void = () => undefined;
      const begun: AbortSignal[] = [];
      const handler = (name: string, { signal }: Call): Promise<string> => {
        if (name === "second" && signal !== undefined) begun.push(signal);
        return new Promise((resolve) => (end = resolve));
      };
      const service = createService<string>({ clock, limiter: { limit: 1 } }).handle(handler);
      await service.start();
      const first = service.process("first");
      service.process("second", { signal: lendAbort(new AbortController()) }).catch(() => undefined);
      const stopped = service.stop({ graceMs: 10, abortMs: 10 });
      await settled();
      end("done");
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      clock.advance(10);
      await first;
      await clock.advanceAsync(10);
      await stopped;
      expect(begun.every(({ aborted }) => aborted), `after ${turns} turns`).toBe(true);
    }
  });

  it("aborts what has not ended within the grace, and refuses the queue", async () => {
    const clock = new ManualClock();
    const service = await running(clock, { limiter: { limit: 1, queueLimit: 5 } });
    const working = expect(service.process({ ms: 60_000 })).rejects.toMatchObject({ reason: "stopping" });
    const waiting = expect(service.process({})).rejects.toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "closed" });
    const stopped = service.stop({ graceMs: 100 });
    await clock.advanceAsync(100);
    await Promise.all([working, waiting]);
    expect(await stopped).toMatchObject({ isDrained: false, aborted: 1, durationMs: 100 });
  });

  it("does not wait for ever for work that ignores its signal", async () => {
    const clock = new ManualClock();
    const service = createService<Job>({ clock }).handle(() => new Promise<string>(() => undefined));
    await service.start();
    void service.process({});
    const stopped = service.stop({ graceMs: 100, abortMs: 50 });
    await clock.advanceAsync(150);
    expect(await stopped).toMatchObject({ isDrained: false, aborted: 1, durationMs: 150 });
  });

  it("stops the resources in reverse after the work has ended, and reports each", async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const resource = (name: string) => ({ name, start: () => log.push(`start ${name}`), stop: () => log.push(`stop ${name}`) });
    const service = await running(clock, { resources: [resource("database"), resource("cache")] });
    const answer = service.process({}).then(() => log.push("answered"));
    const stopped = service.stop();
    await clock.advanceAsync(10);
    await answer;
    expect((await stopped).resources.map(({ name }) => name)).toEqual(["cache", "database"]);
    expect(log).toEqual(["start database", "start cache", "answered", "stop cache", "stop database"]);
  });

  it("twice is once", async () => {
    const service = await running(new ManualClock());
    expect(service.stop()).toBe(service.stop({ graceMs: 5 }));
    await service.stop();
  });

  it("before the start leaves nothing to do", async () => {
    const start = vi.fn();
    const service = createService({ resources: [{ name: "database", start }] }).handle(quick);
    expect(await service.stop()).toMatchObject({ isDrained: true, aborted: 0, resources: [] });
    expect(start).not.toHaveBeenCalled();
  });

  it("during the start gives it up and stops what had started", async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const service = createService({
      clock,
      resources: [
        { name: "a", start: () => log.push("start a"), stop: () => log.push("stop a") },
        { name: "b", start: () => new Promise((resolve) => clock.setTimer(() => resolve(1), 100)), stop: () => log.push("stop b") },
        { name: "c", start: () => log.push("start c") },
      ],
    }).handle(quick);
    const started = expect(service.start()).rejects.toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE", reason: "stopping" });
    await settled();
    const stopped = service.stop();
    await clock.advanceAsync(100);
    await started;
    await stopped;
    expect(log).toEqual(["start a", "stop b", "stop a"]);
    expect(service.state).toBe("stopped");
  });
});

describe("starting", () => {
  it("twice is once", async () => {
    const start = vi.fn();
    const service = createService({ resources: [{ name: "a", start }] }).handle(quick);
    await Promise.all([service.start(), service.start()]);
    expect(start).toHaveBeenCalledTimes(1);
  });

  it("rejects with the resource's own error and leaves the service stopped", async () => {
    const failure = new Error("no database");
    const service = createService({ resources: [{ name: "a", start: () => Promise.reject(failure) }] }).handle(quick);
    await expect(service.start()).rejects.toBe(failure);
    expect(service.state).toBe("stopped");
    await expect(service.process(undefined as never)).rejects.toMatchObject({ reason: "stopped" });
  });

  it("tells its listeners, and so does stopping", async () => {
    const service = createService().handle(quick);
    const heard: string[] = [];
    for (const type of ["started", "stopping", "stopped"] as const) service.on(type, () => heard.push(type));
    await service.start();
    await service.stop();
    expect(heard).toEqual(["started", "stopping", "stopped"]);
  });
});

describe("health and metrics", () => {
  it("count failures of admitted requests, refusals inside included, but not those of admission", async () => {
    const clock = new ManualClock();
    const refusal = Object.assign(new Error("open"), { [Symbol.for("@breakwater/rejected")]: true, code: "ERR_BREAKER_OPEN" });
    const service = await running(clock, { limiter: { limit: 20, queueLimit: 0 }, health: { minimumCalls: 20 } });
    const answers = Array.from({ length: 30 }, (_, index) => service.process(index < 5 ? { fail: refusal } : {}));
    await Promise.all([clock.advanceAsync(10), Promise.allSettled(answers)]);
    expect(service.stats).toMatchObject({ succeeded: 15, failed: 5, refused: 10 });
    expect(service.health.report).toMatchObject({ status: "UNHEALTHY", errorRate: 0.25, total: 20 });
  });

  it("can be read after the stop", async () => {
    const clock = new ManualClock();
    const metrics = new Metrics({ clock });
    const service = await running(clock, { name: "shop", metrics });
    const answer = service.process({});
    await clock.advanceAsync(10);
    await answer;
    await service.stop();
    expect(metrics.prometheus()).toContain('breakwater_service_requests_total{outcome="success",service="shop"} 1');
    expect(service.health.report).toMatchObject({ status: "DRAINING", total: 1 });
  });

  it("say DRAINING from the first moment of a stop, and are alive to its end", async () => {
    const clock = new ManualClock();
    const service = await running(clock, { health: { checks: { database: { check: () => true } } } });
    await settled();
    expect(service.health.readiness().status).toBe(200);
    const heard: number[] = [];
    service.on("stopping", () => heard.push(service.health.readiness().status, service.health.liveness().status));
    const answer = service.process({});
    const stopped = service.stop();
    expect(heard).toEqual([503, 200]);
    await clock.advanceAsync(10);
    await Promise.all([answer, stopped]);
    expect(service.health.status).toBe("DRAINING");
  });

  it("say UNHEALTHY when the start has failed, and a start that comes too late is no refused request", async () => {
    const service = createService({ resources: [{ name: "a", start: () => Promise.reject(new Error("no")) }] }).handle(quick);
    await expect(service.start()).rejects.toThrow("no");
    expect(service.health.report).toMatchObject({ status: "UNHEALTHY", contributions: { lifecycle: { reason: "the service is stopped" } } });
    await expect(service.start()).rejects.toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE" });
    expect(service.stats).toMatchObject({ state: "stopped", refused: 0 });
  });

  it("have strict thresholds unless others are given", async () => {
    const clock = new ManualClock();
    const statusAfter = async (health: ServiceOptions<Job, Call>["health"]): Promise<string> => {
      const service = await running(clock, { limiter: { limit: 100 }, health });
      const answers = Array.from({ length: 100 }, (_, index) => service.process(index === 99 ? { fail: new Error("down") } : {}));
      await Promise.all([clock.advanceAsync(10), Promise.allSettled(answers)]);
      const { status } = service.health;
      await service.stop();
      return status;
    };
    expect(await statusAfter(undefined)).toBe("DEGRADED");
    expect(await statusAfter({ degradedRatio: undefined })).toBe("DEGRADED");
    expect(await statusAfter({ degradedRatio: 0.05 })).toBe("HEALTHY");
  });

  it("ask the checks that were given", async () => {
    const clock = new ManualClock();
    const check = vi.fn(() => false);
    const service = await running(clock, { health: { checks: { database: { check } } } });
    await settled();
    expect(check).toHaveBeenCalledTimes(1);
    expect(service.health.status).toBe("UNHEALTHY");
    await service.stop();
    expect(clock.pendingRefTimers).toBe(0);
  });
});
