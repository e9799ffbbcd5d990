import { constants } from "node:os";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Health } from "@breakwater/health";
import { createAdminServer, createHttpServer, drain, runUntilSignal, type HttpRequest, type Part, type RunOptions } from "@breakwater/http/node";
import { Metrics, respond } from "@breakwater/metrics";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, gate, until } from "./helpers.ts";

class FakeProcess {
  readonly listeners = new Map<string, Set<() => void>>();
  readonly exits: number[] = [];

  on(signal: string, listener: () => void): void {
    this.listeners.set(signal, (this.listeners.get(signal) ?? new Set()).add(listener));
  }

  off(signal: string, listener: () => void): void {
    this.listeners.get(signal)?.delete(listener);
  }

  send(signal: string): void {
    for (const listener of this.listeners.get(signal) ?? []) listener();
  }

  get count(): number {
    return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

function part(name: string, log: string[], overrides: Partial<Part> = {}): Part {
  return {
    name,
    start: async () => void log.push(`start ${name}`),
    stop: async () => {
      log.push(`stop ${name}`);
      return { isDrained: true };
    },
    health: { drain: () => void log.push(`drain ${name}`) },
    ...overrides,
  };
}

function run(parts: readonly Part[], options: RunOptions = {}): { readonly fake: FakeProcess; readonly done: ReturnType<typeof runUntilSignal>; readonly clock: ManualClock } {
  const fake = new FakeProcess();
  const clock = new ManualClock();
  const done = runUntilSignal(parts, { clock, process: fake, exit: (code) => fake.exits.push(code), ...options });
  return { fake, done, clock };
}

describe("drain", () => {
  it("all parts say that they are not ready, then the lame duck passes, then they stop in reverse", async () => {
    const log: string[] = [];
    const clock = new ManualClock();
    const done = drain([part("db", log), part("web", log)], { lameDuckMs: 5_000, clock });
    expect(log).toEqual(["drain web", "drain db"]);
    await clock.advanceAsync(4_999);
    expect(log).toHaveLength(2);
    await clock.advanceAsync(1);
    expect(log.slice(2)).toEqual(["stop web", "stop db"]);
    expect(await done).toMatchObject({ isDrained: true, lameDuckMs: 5_000, parts: [{ name: "web", outcome: "drained" }, { name: "db", outcome: "drained" }] });
    expect(clock.pendingTimers).toBe(0);
  });

  it("one grace is shared, and a stop that hangs is named and left behind", async () => {
    const clock = new ManualClock();
    const graces: number[] = [];
    const slow = part("slow", [], { stop: ({ graceMs }) => new Promise((resolve) => void (graces.push(graceMs), clock.setTimer(() => resolve({ isDrained: false }), 600))) });
    const hanging = part("hanging", [], { stop: ({ graceMs }) => new Promise(() => graces.push(graceMs)) });
    const throwing = part("throwing", [], {
      stop: () => {
        throw new Error("no");
      },
    });
    const done = drain([throwing, hanging, slow], { graceMs: 1_000, abortMs: 100, clock });
    await clock.advanceAsync(5_000);
    const report = await done;
    expect(graces).toEqual([1_000, 400]);
    expect(report).toMatchObject({ isDrained: false, parts: [{ outcome: "forced" }, { outcome: "hanging" }, { outcome: "failed", error: { message: "no" } }] });
    expect(clock.pendingTimers).toBe(0);
  });

  it("checks what it is given", () => {
    expect(() => drain([{ name: "a" } as never])).toThrow("parts[0].stop must be a function");
    expect(() => drain([], { lameDuckMs: Infinity })).toThrow("lameDuckMs");
  });
});

describe("runUntilSignal", () => {
  it("starts in order, stops in reverse on a signal, exits with 0, and leaves no listener", async () => {
    const log: string[] = [];
    const { fake, done } = run([part("db", log), part("web", log)]);
    await settled();
    expect([log, fake.count]).toEqual([["start db", "start web"], 2]);
    fake.send("SIGTERM");
    expect(await done).toMatchObject({ exitCode: 0, signal: "SIGTERM", drain: { isDrained: true } });
    expect(log.slice(2)).toEqual(["drain web", "drain db", "stop web", "stop db"]);
    expect([fake.exits, fake.count]).toEqual([[0], 0]);
  });

  it("exits with 1 when something was forced", async () => {
    const { fake, done } = run([part("web", [], { stop: async () => ({ isDrained: false }) })]);
    await settled();
    fake.send("SIGINT");
    expect(await done).toMatchObject({ exitCode: 1, signal: "SIGINT" });
  });

  it("a second signal forces at once, with 128 and its number", async () => {
    const forced: string[] = [];
    const { fake, done } = run([part("web", [], { stop: () => new Promise(() => undefined), force: () => void forced.push("web") })]);
    await settled();
    fake.send("SIGTERM");
    await settled();
    fake.send("SIGINT");
    expect(await done).toMatchObject({ exitCode: 128 + constants.signals.SIGINT, signal: "SIGTERM", drain: undefined });
    expect([forced, fake.exits, fake.count]).toEqual([["web"], [130], 0]);
  });

  it("a signal during the start stops what was started and the part that is starting, and starts no more", async () => {
    const log: string[] = [];
    const starting = gate();
    const slow = part("slow", log, {
      start: () => starting.promise,
      stop: async () => {
        log.push("stop slow");
        starting.fail(new Error("stopped while starting"));
      },
    });
    const { fake, done } = run([part("db", log), slow, part("web", log)]);
    await settled();
    fake.send("SIGTERM");
    expect(await done).toMatchObject({ exitCode: 0, signal: "SIGTERM" });
    expect(log).toEqual(["start db", "drain slow", "drain db", "stop slow", "stop db"]);
  });

  it("a start that fails stops what came before it, and exits with 1 and the error", async () => {
    const log: string[] = [];
    const error = new Error("port taken");
    const { fake, done } = run([part("db", log), part("web", log, { start: () => Promise.reject(error) })]);
    const report = await done;
    expect(report).toMatchObject({ exitCode: 1, signal: undefined });
    expect(report.error).toBe(error);
    expect([log, fake.exits]).toEqual([["start db", "drain db", "stop db"], [1]]);
  });

  it("takes a service, a server and an admin server as they are", async () => {
    const service = serviceOf(async () => "hello");
    const metrics = new Metrics();
    const admin = createAdminServer({ health: service.health, metrics: (request) => respond(metrics, request) });
    const server = createHttpServer(service, { meter: metrics });
    const { fake, done } = run([admin, service, server], { clock: undefined });
    await until(() => server.stats.state === "listening");
    expect((await ask(server)).text).toBe('"hello"');
    fake.send("SIGTERM");
    const report = await done;
    expect(report.drain?.parts.map(({ name, outcome }) => [name, outcome])).toEqual([["http", "drained"], ["service", "drained"], ["admin", "drained"]]);
  });
});

/** Of the shape that `createService` makes. */
function serviceOf(process: (request: HttpRequest) => Promise<unknown>): Part & { readonly health: Health; readonly process: typeof process } {
  const health = new Health({ checks: { database: { check: async () => undefined } } });
  return {
    name: "service",
    health,
    process,
    start: async () => {
      health.start();
      await health.check();
    },
    stop: async () => {
      health.stop();
      return { isDrained: true };
    },
  };
}

describe("the admin server", () => {
  it("answers probes and metrics on its own listener, up to the end of the drain", async () => {
    const work = gate();
    const metrics = new Metrics();
    const service = serviceOf(() => work.promise);
    const admin = createAdminServer({ health: service.health, metrics: (request) => respond(metrics, request) });
    const server = createHttpServer(service, { meter: metrics });
    onTestFinished(() => {
      admin.force();
      server.force();
    });
    await admin.start();
    const { url } = admin;
    expect((await ask(admin, { path: "/startupz" })).status).toBe(503);
    await service.start?.();
    await server.start();
    const answer = ask(server);
    await until(() => server.stats.inFlight === 1);
    expect(await ask(admin, { path: "/livez" })).toMatchObject({ status: 200, headers: { "content-type": "application/health+json", "cache-control": "no-store" } });
    expect((await ask(admin, { path: "/startupz" })).status).toBe(200);
    const drained = drain([admin, service, server], { lameDuckMs: 20, graceMs: 5_000 });
    const ready = await ask(admin, { path: "/readyz" });
    expect([ready.status, (ready.json() as { readonly status: string }).status]).toEqual([503, "fail"]);
    await until(() => server.stats.state === "closing");
    expect((await ask(admin, { path: "/livez" })).status).toBe(200);
    const scraped = await ask(admin, { path: "/metrics" });
    expect([scraped.status, scraped.text.includes("breakwater_")]).toEqual([200, true]);
    work.open();
    expect((await answer).status).toBe(204);
    expect(await drained).toMatchObject({ isDrained: true });
    await expect(ask({ url }, { path: "/livez" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("is on the loopback, and has nothing else", async () => {
    const admin = createAdminServer({ health: new Health() });
    await admin.start();
    onTestFinished(() => admin.force());
    expect(admin.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await ask(admin, { path: "/metrics" })).status).toBe(404);
    expect((await ask(admin, { method: "POST", path: "/livez" })).status).toBe(405);
    expect((await ask(admin, { method: "HEAD", path: "/livez" })).status).toBe(200);
    expect((await ask(admin, { path: "/state" })).status).toBe(404);
    expect(() => createAdminServer({ health: new Health(), inspect: {} as never })).toThrow("inspect must be a function");
    expect(() => createAdminServer({ health: {} as never })).toThrow("health.liveness must be a function");
  });

  it("shows what inspect says as JSON, at once or later, and fails alone", async () => {
    const heard: unknown[] = [];
    let answer: () => unknown = () => ({ state: "running", patterns: [{ name: "db" }] });
    const admin = createAdminServer({ health: new Health(), inspect: () => answer(), http: { onError: (error) => heard.push(error) } });
    await admin.start();
    onTestFinished(() => admin.force());
    const state = await ask(admin, { path: "/state" });
    expect([state.headers["content-type"], state.headers["cache-control"], state.json()]).toEqual(["application/json", "no-store", { state: "running", patterns: [{ name: "db" }] }]);
    answer = async () => ["later"];
    expect((await ask(admin, { path: "/state" })).json()).toEqual(["later"]);
    answer = () => undefined;
    expect((await ask(admin, { path: "/state" })).json()).toBeNull();
    answer = () => ({ big: 1n });
    expect((await ask(admin, { path: "/state" })).status).toBe(500);
    expect(heard).toMatchObject([{ name: "TypeError" }]);
    expect((await ask(admin, { path: "/livez" })).status).toBe(200);
  });
});
