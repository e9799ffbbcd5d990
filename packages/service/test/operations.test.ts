import { RejectedError, type Call } from "@breakwater/core";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Metrics } from "@breakwater/metrics";
import { pipeline, requestId, validation } from "@breakwater/middleware";
import { createService, operation, operationName, type OperationCall, type ServiceOptions } from "@breakwater/service";
import { describe, expect, it, onTestFinished, vi } from "vitest";

const shared = new ConcurrencyLimiter({ limit: 1 });

/** Work that takes time on the clock, and lets go when its signal says so. */
function working<T>(clock: ManualClock, ms: number, answer: T): (input: unknown, call: Call) => Promise<T> {
  return (_input, { signal }) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      clock.setTimer(() => resolve(answer), ms);
    });
}

async function shop(clock: ManualClock, options: Omit<ServiceOptions<unknown, Call>, "clock"> = {}) {
  const service = createService({ name: "shop", ...options, clock }).operations({
    browse: operation(working(clock, 10, "a list")),
    report: operation({ limiter: { limit: 1, queueLimit: 2 } }, working(clock, 100, "a report")),
    pay: operation({ timeoutMs: 50 }, working(clock, 80, "paid")),
    fail: operation(async (error: unknown) => {
      throw error;
    }),
  });
  await service.start();
  return service;
}

describe("operations", () => {
  it("are called by name, each with its own input and output, and told which one they are", async () => {
    const service = createService().operations({
      greet: operation(async (name: string, call) => `${call.operation}: ${name}`),
      sum: operation(async (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)),
    });
    await service.start();
    expect(await service.call("greet", "Ann")).toBe("greet: Ann");
    expect(await service.call("sum", [1, 2])).toBe(3);
    expect(service.operations).toEqual(["greet", "sum"]);
    await service.stop();
    await expect(service.call("greet", "Ann")).rejects.toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE", reason: "stopped" });
  });

  it.each(["gret", "constructor", "__proto__"])("of an unknown name, %s, are a TypeError that names those there are", async (name) => {
    const service = await shop(new ManualClock());
    const error = new TypeError(`shop has no operation "${name}": it has browse, report, pay, fail`);
    await expect(service.call(name as "browse", 1)).rejects.toEqual(error);
    expect(() => service.operation(name as "browse")).toThrow(error);
    expect(() => service.responseTimesOf(name as "browse")).toThrow(error);
    expect(service.stats.refused).toBe(0);
  });

  it("can be served as plain functions", async () => {
    const clock = new ManualClock();
    const service = await shop(clock);
    const browse = service.operation("browse");
    const answers = Promise.all([browse("x", {}), (browse as unknown as () => Promise<string>)()]);
    await clock.advanceAsync(10);
    expect(await answers).toEqual(["a list", "a list"]);
    expect(service.stats.operations.browse.succeeded).toBe(2);
  });

  it("may not be changed from outside once the service is made", async () => {
    const given = { greet: operation(async () => "hello") };
    const service = createService().operations(given);
    given.greet = operation(async () => "changed");
    await service.start();
    expect(await service.call("greet", undefined)).toBe("hello");
    await service.stop();
  });

  it("pass errors through as they are", async () => {
    const service = await shop(new ManualClock());
    const failure = { any: "value" };
    await expect(service.call("fail", failure)).rejects.toBe(failure);
    expect(service.stats.operations.fail).toMatchObject({ failed: 1, inFlight: 0 });
  });

  it("count how errors weigh by their own classify, else by the service's; one that throws is a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const broken = new Error("no verdict");
    const failing = async (): Promise<never> => {
      throw new Error("down");
    };
    const service = createService({ classify: () => "neutral" }).operations({
      mine: operation({ classify: () => "failure" }, failing),
      theirs: operation(failing),
      thrown: operation({ classify: () => { throw broken; } }, failing),
      nonsense: operation({ classify: () => "so-so" as "neutral" }, failing),
    });
    await service.start();
    for (const name of service.operations) await expect(service.call(name, undefined)).rejects.toThrow("down");
    const { operations } = service.stats;
    expect([operations.mine.failed, operations.theirs.neutral, operations.thrown.failed, operations.nonsense.failed]).toEqual([1, 1, 1, 1]);
    expect(warned.mock.calls.map(([error]) => error)).toEqual([broken, expect.objectContaining({ message: expect.stringContaining("so-so") as string })]);
    expect(service.stats.inFlight).toBe(0);
  });

  it.each([
    [() => createService().operations({}), "operations must hold at least one"],
    [() => createService().operations(3 as never), "operations must be an object, got number"],
    [() => createService().operations({ greet: (async () => 1) as never }), "operations.greet must be made by operation(), got function"],
    [() => operation(undefined as never), "handler must be a function, got undefined"],
    [() => operation(3 as never, async () => 1), "options must be an object, got number"],
    [() => operation({ timeoutMs: 0 }, async () => 1), "timeoutMs must be a number from 1 to Infinity, got 0"],
    [() => operation({ classify: 3 as never }, async () => 1), "classify must be a function, got number"],
    [() => createService().operations({ a: operation({ limiter: 0 as never }, async () => 1) }), "limiter must be an object, got number"],
    [() => createService({ limiter: shared }).operations({ a: operation({ limiter: shared }, async () => 1) }), "operations.a has the limiter of the service"],
    [() => createService().operations({ a: operation({ limiter: { limit: -1 } }, async () => 1) }), "limit must be a whole number from 0 to Infinity, got -1"],
  ])("with wrong options are refused by name and value: %#", (make, message) => {
    expect(make).toThrow(message);
  });
});

describe("admission of an operation", () => {
  it("is limited by the operation, and its waiters hold no place of the service's", async () => {
    const clock = new ManualClock();
    const service = await shop(clock, { limiter: { limit: 2, queueLimit: 0 } });
    const reports = Array.from({ length: 4 }, () => service.call("report", 1));
    await expect(reports[3]).rejects.toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "queue-full", source: "shop.report" });
    expect(service.stats).toMatchObject({ inFlight: 1, waiting: 2, refused: 1 });
    const browsing = service.call("browse", 1); // the second of two places
    await clock.advanceAsync(10);
    expect(await browsing).toBe("a list");
    await clock.advanceAsync(300);
    expect(await Promise.all(reports.slice(0, 3))).toEqual(["a report", "a report", "a report"]);
    expect(service.stats.operations.report).toMatchObject({ succeeded: 3, inFlight: 0, limiter: { granted: 3, rejected: 1 } });
    expect(service.stats.operations.browse.limiter).toBeUndefined();
  });

  it("is limited by the service as well", async () => {
    const clock = new ManualClock();
    const service = await shop(clock, { limiter: { limit: 1, queueLimit: 0 } });
    const first = service.call("browse", 1);
    await expect(service.call("report", 1)).rejects.toMatchObject({ reason: "queue-full", source: "shop" });
    await clock.advanceAsync(10);
    await first;
    expect(service.stats).toMatchObject({ succeeded: 1, refused: 1 });
    expect(service.stats.operations.report.limiter?.inUse, "its own place came back").toBe(0);
  });

  it("may share a limiter among operations, which is counted once", async () => {
    const { ConcurrencyLimiter } = await import("@breakwater/limiter");
    const clock = new ManualClock();
    const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: 1, clock });
    const service = createService({ clock }).operations({
      read: operation({ limiter }, working(clock, 10, 1)),
      write: operation({ limiter }, working(clock, 10, 2)),
    });
    await service.start();
    const answers = [service.call("read", 0), service.call("write", 0)];
    await expect(service.call("read", 0)).rejects.toMatchObject({ reason: "queue-full" });
    expect(service.stats).toMatchObject({ waiting: 1, refused: 1 });
    await clock.advanceAsync(20);
    expect(await Promise.all(answers)).toEqual([1, 2]);
    await service.stop();
    await expect(limiter.acquire()).rejects.toMatchObject({ reason: "closed" });
  });

  it("leaves nobody behind in a stop: those who wait for their operation's turn are served within the grace", async () => {
    const clock = new ManualClock();
    const service = await shop(clock);
    const answers = Promise.all([service.call("report", 1), service.call("report", 1)]);
    const stopped = service.stop({ graceMs: 1_000 });
    await clock.advanceAsync(200);
    expect(await answers).toEqual(["a report", "a report"]);
    expect(await stopped).toMatchObject({ isDrained: true, aborted: 0, durationMs: 200 });
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("ends for all with a forced stop", async () => {
    const clock = new ManualClock();
    const service = await shop(clock);
    const working = expect(service.call("report", 1)).rejects.toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE" });
    const waiting = expect(service.call("report", 1)).rejects.toMatchObject({ reason: "closed", source: "shop.report" });
    const stopped = service.stop({ graceMs: 20 });
    await clock.advanceAsync(20);
    await Promise.all([working, waiting]);
    expect(await stopped).toMatchObject({ isDrained: false, aborted: 1, durationMs: 20 });
  });
});

describe("the time of an operation", () => {
  it("aborts its work when it is over, and counts as a failure", async () => {
    const clock = new ManualClock();
    const service = await shop(clock);
    const paid = expect(service.call("pay", 1)).rejects.toMatchObject({ code: "ERR_TIMEOUT", timeoutMs: 50, source: "shop.pay" });
    await clock.advanceAsync(50);
    await settled();
    await paid;
    expect(service.stats.operations.pay).toMatchObject({ failed: 1, neutral: 0, inFlight: 0 });
  });

  it("runs from the arrival on: waiting is charged to it, and what cannot begin in time does not begin", async () => {
    const clock = new ManualClock();
    const handler = vi.fn(working(clock, 40, "done"));
    const service = createService({ name: "shop", clock, limiter: { limit: 1, queueLimit: 5 } }).operations({
      pay: operation({ timeoutMs: 60 }, handler),
    });
    await service.start();
    const first = service.call("pay", 1);
    const second = expect(service.call("pay", 2)).rejects.toMatchObject({ code: "ERR_TIMEOUT", timeoutMs: 20 });
    const third = expect(service.call("pay", 3)).rejects.toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "deadline" });
    await clock.advanceAsync(40);
    expect(await first).toBe("done");
    await clock.advanceAsync(20);
    await Promise.all([second, third]);
    expect(handler).toHaveBeenCalledTimes(2);
    expect(service.stats).toMatchObject({ succeeded: 1, failed: 1, refused: 1 });
  });

  it("does not replace a tighter deadline of the caller's, nor lengthen it, and never changes the caller's call", async () => {
    const clock = new ManualClock();
    const seen: (number | undefined)[] = [];
    const service = createService({ clock }).operations({
      pay: operation({ timeoutMs: 50 }, async (_input: number, call) => seen.push(call.deadlineAt)),
      free: operation(async (_input: number, call) => seen.push(call.deadlineAt)),
    });
    await service.start();
    for (const deadlineAt of [20, 80, Number.NaN]) await service.call("pay", 1, Object.freeze({ deadlineAt }));
    await service.call("free", 1, { deadlineAt: 80 });
    await service.call("free", 1);
    expect(seen).toEqual([20, 50, 50, 80, undefined]);
  });

  it("keeps the caller's own abort reason, and leaves no listener or timer", async () => {
    const clock = new ManualClock();
    const service = await shop(clock);
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const paid = expect(service.call("pay", 1, { signal: controller.signal })).rejects.toBe("changed my mind");
    controller.abort("changed my mind");
    await paid;
    await settled();
    expect(service.stats.operations.pay).toMatchObject({ neutral: 1, failed: 0 });
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
    await clock.advanceAsync(100);
    await service.stop();
    expect(clock.pendingRefTimers).toBe(0);
  });
});

describe("middleware of operations", () => {
  it("is the service's first and the operation's then, and each sees what those outside it provide", async () => {
    const log: string[] = [];
    const base = pipeline<{ readonly text: string }>()
      .use(operationName())
      .use((next) => (input, call) => {
        log.push("service");
        return next(input, call);
      })
      .use(requestId({ generate: () => "id-1" }));
    const service = createService({ middleware: base }).operations((make) => ({
      shout: make(
        {
          middleware: pipeline<{ readonly text: string }>().use((next) => (input, call) => {
            log.push("operation");
            return next(input, call);
          }),
        },
        async ({ text }, call) => `${call.requestId} ${call.operation} ${text.toUpperCase()}`,
      ),
      echo: make(async ({ text }: { readonly text: string }, call) => `${call.requestId} ${text}`),
    }));
    await service.start();
    expect(await service.call("shout", { text: "hey" })).toBe("id-1 shout HEY");
    expect(await service.call("echo", { text: "hey" })).toBe("id-1 hey");
    expect(log).toEqual(["service", "operation", "service"]);
  });

  it("may make another input of what comes in", async () => {
    const schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => (typeof value === "string" ? { value: Number(value) } : { issues: [{ message: "no text" }] }),
        types: undefined as { input: string; output: number } | undefined,
      },
    } as const;
    const service = createService().operations({
      double: operation({ middleware: pipeline<string>().use(validation(schema)) }, async (n) => n * 2),
    });
    await service.start();
    expect(await service.call("double", "21")).toBe(42);
    await expect(service.call("double", 3 as never)).rejects.toMatchObject({ code: "ERR_VALIDATION" });
  });

  it("sees the operation's name in the service's own, for instance to refuse one", async () => {
    const nightly = pipeline<unknown>()
      .use(operationName())
      .use((next) => (input, call) =>
        (call as OperationCall).operation === "report"
          ? Promise.reject(new RejectedError("ERR_CLOSED", "only at night", { reason: "closed" }))
          : next(input, call));
    const service = createService({ middleware: nightly }).operations({
      browse: operation(async () => "a list"),
      report: operation(async () => "a report"),
    });
    await service.start();
    expect(await service.call("browse", 1)).toBe("a list");
    await expect(service.call("report", 1)).rejects.toMatchObject({ code: "ERR_CLOSED" });
  });
});

describe("measurement of operations", () => {
  it("tells each apart, and health looks at all of them", async () => {
    const clock = new ManualClock();
    const metrics = new Metrics({ clock });
    const service = await shop(clock, { metrics, health: { minimumCalls: 20 } });
    const answers = Promise.allSettled([
      ...Array.from({ length: 15 }, () => service.call("browse", 1)),
      ...Array.from({ length: 5 }, () => service.call("fail", new Error("down"))),
    ]);
    await clock.advanceAsync(10);
    await answers;
    const text = metrics.prometheus();
    expect(text).toContain('breakwater_service_requests_total{operation="browse",outcome="success",service="shop"} 15');
    expect(text).toContain('breakwater_service_requests_total{operation="fail",outcome="failure",service="shop"} 5');
    expect(service.health.report).toMatchObject({ status: "UNHEALTHY", errorRate: 0.25, total: 20 });
    expect(service.stats).toMatchObject({ succeeded: 15, failed: 5, neutral: 0 });
    expect(service.responseTimesOf("browse").service.lifetime).toMatchObject({ count: 15, mean: 0.01 });
    expect(service.responseTimesOf("fail").service.lifetime.count).toBe(5);
  });
});
