import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Agent, Client, FormData, MockAgent, fetch as undiciFetch, interceptors, request, type Dispatcher } from "undici";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { resilience, type CarriesCall, type Resilience, type ResilienceOptions } from "../../src/undici.ts";
import { endless, serve, until, type TestServer } from "./servers.ts";

const noWait = { backoff: () => 0, budget: false } as const;

function compose(options: ResilienceOptions = {}): { dispatcher: Dispatcher; guard: Resilience } {
  const guard = resilience(options);
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  return { dispatcher: agent.compose(guard), guard };
}

/** For what takes nothing else. */
function only(options?: ResilienceOptions): { dispatcher: Dispatcher } {
  return { dispatcher: compose(options).dispatcher };
}

/** Answers so with each request in turn, then with the last. */
function statuses(...all: number[]): Promise<TestServer> {
  const server = serve((_, response) => {
    void server.then(({ requests }) => response.writeHead(all[Math.min(requests.length, all.length) - 1] ?? 200).end(`answer ${requests.length}`));
  });
  return server;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  return (error as { readonly code?: unknown }).code; // the test's own
}

describe("statuses and errors", () => {
  test("a 503 is asked for again, and the answer that comes then is handed on", async () => {
    const server = await statuses(503, 200);
    const { dispatcher, guard } = compose({ retry: noWait });
    const retried = vi.fn();
    guard.on("retried", retried);
    const { statusCode, body } = await request(server.url, { dispatcher });
    expect([statusCode, await body.text(), server.requests.length]).toEqual([200, "answer 2", 2]);
    expect(retried).toHaveBeenCalledWith({ origin: server.url, attempt: 1, status: 503, error: undefined, delayMs: 0 });
    expect(guard.stats).toMatchObject({ calls: 1, retries: 1, gaveUp: 0, origins: 1 });
  });

  test("the last bad answer is handed on with its body", async () => {
    const server = await statuses(503);
    const { statusCode, body } = await request(server.url, only({ retry: noWait }));
    expect([statusCode, await body.text()]).toEqual([503, "answer 3"]);
  });

  test("a connection that is reset before the head is tried again", async () => {
    const server = await serve((_, response) => {
      if (server.requests.length < 2) response.destroy();
      else response.end("here");
    });
    const { body } = await request(server.url, only({ retry: noWait }));
    expect(await body.text()).toBe("here");
  });

  test("a body that breaks off is not asked for again, and fails with its error", async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => response.destroy());
    });
    const { body } = await request(server.url, only({ retry: noWait }));
    expect(await codeOf(body.text())).toBe("UND_ERR_SOCKET");
    expect(server.requests).toHaveLength(1);
  });

  test("a server that refuses connections fails with undici's error, and opens the breaker of its origin alone", async () => {
    const down = await serve(() => undefined);
    await new Promise((resolve) => down.server.close(resolve));
    const up = await statuses(200);
    const { dispatcher, guard } = compose({ retry: false });
    for (let count = 0; count < 5; count += 1) expect(await codeOf(request(down.url, { dispatcher }))).toBe("ECONNREFUSED");
    expect(await codeOf(request(down.url, { dispatcher }))).toBe("ERR_BREAKER_OPEN");
    expect((await request(up.url, { dispatcher })).statusCode).toBe(200);
    expect(guard.stats.breaker).toMatchObject({ keys: 2, open: 1 });
  });

  test("a 5xx is a failure to the breaker, a 404 a success, a 429 says nothing, and a refusal reaches no server", async () => {
    const server = await statuses(404, 429, 500, 500, 500, 500, 500);
    const { dispatcher, guard } = compose({ retry: false });
    for (let count = 0; count < 2; count += 1) await (await request(server.url, { dispatcher })).body.dump();
    expect(guard.breaker?.peek(server.url)?.stats).toMatchObject({ failures: 0, successes: 1 });
    for (let count = 0; count < 5; count += 1) await (await request(server.url, { dispatcher })).body.dump();
    expect(await codeOf(request(server.url, { dispatcher }))).toBe("ERR_BREAKER_OPEN");
    expect(server.requests).toHaveLength(7);
  });

  test("the caller's mistakes are told by undici, tried once, and count for no breaker", async () => {
    const server = await statuses(200);
    const { dispatcher, guard } = compose({ retry: noWait });
    for (let count = 0; count < 6; count += 1) {
      expect(await codeOf(request(server.url, { dispatcher, headers: { "bad name": "x" } }))).toBe("UND_ERR_INVALID_ARG");
      expect(await codeOf(request(server.url, { dispatcher, method: "BAD METHOD" }))).toBe("UND_ERR_INVALID_ARG");
      for (const headers of [new Set([null]), 5]) {
        expect(await codeOf(request(server.url, { dispatcher, headers: headers as never }))).toBe("UND_ERR_INVALID_ARG");
      }
      expect(await codeOf(dispatcher.request({ origin: "nonsense", path: "/", method: "GET" }))).toBe("ERR_INVALID_URL");
    }
    expect([server.requests.length, guard.stats.retries, guard.stats.breaker?.open]).toEqual([0, 0, 0]);
  });

  test("fields that cannot be read fail the request with their own error, and leave no listener", async () => {
    const { dispatcher, guard } = compose();
    const failure = new Error("iterator");
    const headers = { [Symbol.iterator]: () => { throw failure; } };
    const { signal } = new AbortController();
    const options: Dispatcher.DispatchOptions & CarriesCall = { origin: "http://127.0.0.1:1", path: "/", method: "GET", headers, call: { signal } };
    await expect(dispatcher.request(options)).rejects.toBe(failure);
    expect([getEventListeners(signal, "abort").length, guard.stats.breaker?.keys]).toEqual([0, 0]);
  });

  test("a closed dispatcher is nobody's failure and is not tried again", async () => {
    const { dispatcher, guard } = compose({ retry: noWait });
    await dispatcher.close();
    expect(await codeOf(request("http://127.0.0.1:1", { dispatcher }))).toBe("UND_ERR_DESTROYED");
    expect(guard.stats.retries).toBe(0);
    expect(guard.breaker?.peek("http://127.0.0.1:1")?.stats).toMatchObject({ failures: 0 });
  });
});

describe("what may be sent twice", () => {
  test.each(["POST", "PATCH"] as const)("%s is only with an Idempotency-Key, or when undici's own option says so", async (method) => {
    const key = { "Idempotency-Key": "7" };
    const ways: [Partial<Dispatcher.RequestOptions>, number][] = [
      [{}, 1],
      [{ headers: key }, 2],
      [{ headers: Object.entries(key).flat() }, 2],
      [{ headers: new Map(Object.entries(key)) }, 2],
      [{ idempotent: true }, 2],
      [{ idempotent: false, headers: key }, 1],
    ];
    for (const [options, sent] of ways) {
      const server = await statuses(503, 200);
      await (await request(server.url, { ...only({ retry: noWait }), method, body: "x", ...options })).body.dump();
      expect(server.requests).toHaveLength(sent);
    }
  });

  test("a consumed stream is never sent again, whatever the method", async () => {
    const bodies = [Readable.from(["x"]), Readable.toWeb(Readable.from(["x"])) as unknown as Readable]; // undici takes what can be iterated
    for (const body of bodies) {
      const server = await statuses(503, 200);
      const { statusCode } = await request(server.url, { ...only({ retry: noWait }), method: "PUT", body });
      expect([statusCode, server.requests.length]).toEqual([503, 1]);
    }
  });

  test("text, bytes and forms are sent whole each time", async () => {
    const form = new FormData();
    form.set("a", "b");
    const bodies = ["text", Buffer.from("bytes"), new Uint8Array(2), form];
    for (const body of bodies) {
      const lengths: number[] = [];
      const server = await serve((incoming, response) => {
        let length = 0;
        incoming.on("data", (chunk: Buffer) => (length += chunk.length));
        incoming.on("end", () => response.writeHead(lengths.push(length) < 2 ? 503 : 200).end());
      });
      await (await request(server.url, { ...only({ retry: noWait }), method: "PUT", body })).body.dump();
      expect(lengths).toHaveLength(2);
      expect([lengths[0] === lengths[1], lengths[0] !== 0]).toEqual([true, true]);
    }
  });

  test("a body that fails by itself is nobody's failure, and its error passes through", async () => {
    const server = await serve((incoming) => void incoming.resume());
    const { dispatcher, guard } = compose({ retry: noWait });
    const fault = new Error("disk");
    const body = new Readable({ read: () => undefined });
    body.push("first");
    const failed = expect(request(server.url, { dispatcher, method: "PUT", body })).rejects.toBe(fault);
    await until(() => server.requests.length === 1);
    body.destroy(fault);
    await failed;
    expect(guard.breaker?.peek(server.url)?.stats).toMatchObject({ failures: 0 });
  });
});

describe("time", () => {
  test("a slow head times out, its connection is closed, and it is tried again", async () => {
    const clock = new ManualClock();
    const server = await serve((_, response) => {
      if (server.requests.length > 1) response.end("quick");
    });
    const answer = request(server.url, only({ clock, timeoutMs: 500, retry: noWait }));
    await until(() => server.requests.length === 1);
    await clock.advanceAsync(500);
    await until(() => server.requests.length === 2 || clock.pendingRefTimers > 0);
    await clock.advanceAsync(0);
    expect(await (await answer).body.text()).toBe("quick");
    await until(() => server.held.size === 0);
  });

  test("a slow head fails with the TimeoutError, and the breaker counts it", async () => {
    const clock = new ManualClock();
    const server = await serve(() => undefined);
    const { dispatcher, guard } = compose({ clock, timeoutMs: 500, retry: false });
    const failed = expect(request(server.url, { dispatcher })).rejects.toMatchObject({ code: "ERR_TIMEOUT", timeoutMs: 500, reason: "timeout" });
    await until(() => server.requests.length === 1);
    await clock.advanceAsync(500);
    await failed;
    expect(guard.breaker?.peek(server.url)?.stats).toMatchObject({ failures: 1 });
    await until(() => server.held.size === 0);
  });

  test("an origin that hangs until the client's own deadline is a failure to the breaker", async () => {
    const clock = new ManualClock();
    const server = await serve(() => undefined);
    const { dispatcher } = compose({ clock, deadlineMs: 1_000 });
    for (let count = 1; count <= 5; count += 1) {
      const late = codeOf(request(server.url, { dispatcher }));
      await until(() => server.requests.length === count);
      clock.advance(1_000);
      expect(await late).toBe("ERR_TIMEOUT");
    }
    expect(await codeOf(request(server.url, { dispatcher }))).toBe("ERR_BREAKER_OPEN");
  });

  test("what times out in undici's own queue costs no connection", async () => {
    const clock = new ManualClock();
    const server = await serve((_, response) => {
      if (server.requests.length > 1) response.end("second");
    });
    let connections = 0;
    server.server.on("connection", () => (connections += 1));
    const agent = new Agent({ connections: 1 });
    onTestFinished(() => agent.destroy());
    const patient = { dispatcher: agent.compose(resilience({ clock, timeoutMs: Infinity })) };
    const hasty = { dispatcher: agent.compose(resilience({ clock, timeoutMs: 100, retry: false })) };
    const first = request(server.url, patient);
    await until(() => server.requests.length === 1);
    const queued = [1, 2, 3].map(() => expect(request(server.url, hasty)).rejects.toMatchObject({ code: "ERR_TIMEOUT" }));
    await clock.advanceAsync(100);
    await Promise.all(queued);
    const last = request(server.url, patient);
    for (const response of server.held) response.end("first");
    expect([await (await first).body.text(), await (await last).body.text()]).toEqual(["first", "second"]);
    expect([server.requests.length, connections]).toEqual([2, 1]);
  });

  test("a slow body may take its time, unless the time covers it", async () => {
    const server = await serve((_, response) => endless(response));
    for (const timeoutCovers of ["headers", "body"] as const) {
      const clock = new ManualClock();
      const { body } = await request(server.url, only({ clock, timeoutMs: 500, timeoutCovers }));
      const failed = vi.fn();
      body.on("error", failed);
      body.resume();
      await clock.advanceAsync(500);
      if (timeoutCovers === "headers") {
        expect([failed.mock.calls.length, server.held.size]).toEqual([0, 1]);
        body.destroy();
      } else {
        await until(() => failed.mock.calls.length > 0);
        expect(failed.mock.calls[0]?.[0]).toMatchObject({ code: "ERR_TIMEOUT", timeoutMs: 500 });
      }
      await until(() => server.held.size === 0);
      expect(clock.pendingRefTimers).toBe(0);
    }
  });

  test("a body that ends in time leaves no timer", async () => {
    const clock = new ManualClock();
    const server = await statuses(200);
    await (await request(server.url, only({ clock, timeoutCovers: "body" }))).body.text();
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("Retry-After of a 503 is the least wait, and beyond the deadline the answer is handed on at once", async () => {
    const clock = new ManualClock();
    const server = await serve((_, response) => {
      if (server.requests.length === 2) response.end("here");
      else response.writeHead(503, { "retry-after": "2" }).end("busy");
    });
    const { dispatcher, guard } = compose({ clock, random: () => 0 });
    const retried = vi.fn();
    guard.on("retried", retried);
    const answer = request(server.url, { dispatcher });
    await until(() => retried.mock.calls.length > 0);
    await clock.advanceAsync(1_999);
    await settled();
    expect(server.requests).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(await (await answer).body.text()).toBe("here");

    const options: Dispatcher.RequestOptions & CarriesCall & { dispatcher: Dispatcher } = { path: "/", method: "GET", dispatcher, call: { deadlineAt: clock.now() + 1_000 } };
    const { statusCode, body } = await request(server.url, options);
    expect([statusCode, await body.text(), guard.stats.gaveUp]).toEqual([503, "busy", 1]);
  });
});

describe("an abort", () => {
  test("while the head is awaited closes the connection, keeps its reason, and is nobody's failure", async () => {
    const server = await serve(() => undefined);
    const { dispatcher, guard } = compose({ retry: noWait });
    const controller = new AbortController();
    const failed = expect(request(server.url, { dispatcher, signal: controller.signal })).rejects.toBe("gone");
    await until(() => server.requests.length === 1);
    controller.abort("gone");
    await failed;
    await until(() => server.held.size === 0);
    expect(guard.breaker?.peek(server.url)?.stats).toMatchObject({ failures: 0 });
    expect(server.requests).toHaveLength(1);
  });

  test("before anything was sent sends nothing", async () => {
    const server = await statuses(200);
    await expect(request(server.url, { ...only(), signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    expect(server.requests).toHaveLength(0);
  });

  test("during the wait for another attempt ends it", async () => {
    const clock = new ManualClock();
    const server = await statuses(503);
    const { dispatcher, guard } = compose({ clock });
    const controller = new AbortController();
    guard.on("retried", () => setImmediate(() => controller.abort("gone")));
    await expect(request(server.url, { dispatcher, signal: controller.signal })).rejects.toBe("gone");
    expect([clock.pendingRefTimers, server.requests.length]).toEqual([0, 1]);
  });

  test("in the middle of the body fails the reader and closes the connection", async () => {
    const server = await serve((_, response) => endless(response));
    const controller = new AbortController();
    const { body } = await request(server.url, { ...only(), signal: controller.signal });
    const reason = new Error("gone");
    const failed = expect(body.text()).rejects.toBe(reason);
    controller.abort(reason);
    await failed;
    await until(() => server.held.size === 0);
  });

  test("of the call's own signal holds for the head and the body alike", async () => {
    const server = await serve((incoming, response) => {
      if (incoming.url === "/body") endless(response);
    });
    const { dispatcher } = compose();
    for (const path of ["/head", "/body"]) {
      const controller = new AbortController();
      const reason = new Error("gone");
      const options: Dispatcher.DispatchOptions & CarriesCall = { origin: server.url, path, method: "GET", call: { signal: controller.signal } };
      const failed = expect(dispatcher.request(options).then(({ body }) => body.text())).rejects.toBe(reason);
      await until(() => server.held.size === 1);
      if (path === "/body") await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      await failed;
      await until(() => server.held.size === 0);
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    }
  });

  test("no listener is left on a signal that sees many calls", async () => {
    const server = await statuses(503, 200, 404);
    const { dispatcher } = compose({ retry: noWait });
    const { signal } = new AbortController();
    const call = { signal: new AbortController().signal };
    for (let count = 0; count < 50; count += 1) {
      const options: Dispatcher.RequestOptions & CarriesCall = { path: "/", method: "GET", origin: server.url, signal, call };
      await (await dispatcher.request(options)).body.dump();
    }
    expect([getEventListeners(signal, "abort").length, getEventListeners(call.signal, "abort").length]).toEqual([0, 0]);
  });

  test("a reader that destroys the body closes the connection", async () => {
    const server = await serve((_, response) => endless(response));
    const { body } = await request(server.url, only());
    body.on("error", () => undefined).destroy();
    await until(() => server.held.size === 0);
  });
});

describe("answers that nobody gets", () => {
  test("an endless body of a retried answer is cancelled before the wait", async () => {
    const clock = new ManualClock();
    const server = await serve((_, response) => {
      if (server.requests.length === 1) endless(response, 503);
      else response.end("here");
    });
    const { dispatcher, guard } = compose({ clock, random: () => 0.5 });
    const retried = vi.fn();
    guard.on("retried", retried);
    const answer = request(server.url, { dispatcher });
    await until(() => retried.mock.calls.length > 0);
    await until(() => server.held.size === 0);
    await clock.advanceAsync(1_000);
    expect(await (await answer).body.text()).toBe("here");
  });

  test("a small body of a retried answer is swallowed, and the connection serves the next attempt", async () => {
    const server = await statuses(503, 503, 200);
    let connections = 0;
    server.server.on("connection", () => (connections += 1));
    const { body } = await request(server.url, only({ retry: noWait }));
    expect([await body.text(), connections]).toEqual(["answer 3", 1]);
  });

  test("the connection of a hedge that lost is closed", async () => {
    const clock = new ManualClock();
    const server = await serve((_, response) => {
      if (server.requests.length > 1) response.end("quick");
    });
    const { dispatcher, guard } = compose({ clock, hedge: { delayMs: 20 } });
    const answer = request(server.url, { dispatcher });
    await until(() => server.requests.length === 1);
    await clock.advanceAsync(20);
    expect(await (await answer).body.text()).toBe("quick");
    await until(() => server.held.size === 0);
    expect(guard.stats).toMatchObject({ hedges: 1, hedgeWins: 1 });
    expect(guard.breaker?.peek(server.url)?.stats).toMatchObject({ failures: 0 });
  });
});

describe("limits", () => {
  test("attempts to one origin wait for a place", async () => {
    const server = await serve(() => undefined);
    const other = await statuses(200);
    const { dispatcher, guard } = compose({ limiter: { limit: 1 } });
    const controller = new AbortController();
    const { signal } = controller;
    const both = [1, 2].map(() => expect(request(server.url, { dispatcher, signal })).rejects.toBe("gone"));
    await until(() => server.requests.length === 1);
    expect(guard.stats.limiter).toMatchObject({ inUse: 1, waiting: 1 });
    expect((await request(other.url, { dispatcher })).statusCode).toBe(200);
    controller.abort("gone");
    await Promise.all(both);
    expect([server.requests.length, guard.stats.limiter?.keys]).toEqual([1, 0]);
  });

  test("each origin has a budget of its own", async () => {
    const [one, two] = [await statuses(503), await statuses(503)];
    const { dispatcher } = compose({ breaker: false, clock: new ManualClock(), retry: { backoff: () => 0, budget: { ratio: 0, minPerSecond: 0 } } });
    await (await request(one.url, { dispatcher })).body.dump();
    expect(one.requests).toHaveLength(1);
    const paid = only({ breaker: false, retry: { backoff: () => 0, attempts: 2, budget: { ratio: 0, minPerSecond: 0.1 } } });
    for (const { url } of [one, one, two]) await (await request(url, paid)).body.dump();
    expect([one.requests.length, two.requests.length]).toEqual([4, 2]);
  });

  test("no more origins are remembered than there may be", async () => {
    const { dispatcher, guard } = compose({ maxOrigins: 3, retry: false });
    const agent = new MockAgent();
    agent.disableNetConnect();
    const mocked = agent.compose(guard);
    for (let host = 0; host < 10; host += 1) {
      agent.get(`http://h${host}.test`).intercept({ path: "/" }).reply(200, "ok");
      await (await request(`http://h${host}.test`, { dispatcher: mocked })).body.dump();
    }
    expect([guard.stats.origins, guard.stats.breaker?.keys]).toEqual([3, 3]);
    await agent.close();
    await dispatcher.close();
  });
});

describe("what undici can do goes on", () => {
  test("a large body arrives whole and at the reader's pace", async () => {
    const server = await serve((_, response) => response.end("x".repeat(3_000_000)));
    const { body } = await request(server.url, only());
    let length = 0;
    for await (const chunk of body) {
      length += (chunk as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(length).toBe(3_000_000);
  });

  test.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ] as const)("no body is awaited for %s with status %i, at a retry either", async (method, status) => {
    const server = await serve((_, response) => {
      response.writeHead(server.requests.length < 2 ? 503 : status, { "content-length": status === 200 ? "5" : "0" }).end();
    });
    const { statusCode, body } = await request(server.url, { ...only({ retry: noWait }), method });
    expect([statusCode, await body.text()]).toEqual([status, ""]);
  });

  test("informational answers are handed on and decide nothing", async () => {
    const server = await serve((_, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.end("here");
    });
    const onInfo = vi.fn();
    const { statusCode } = await request(server.url, { ...only(), onInfo });
    expect([statusCode, onInfo.mock.calls.length]).toEqual([200, 1]);
    expect(onInfo.mock.calls[0]?.[0]).toMatchObject({ statusCode: 103 });
  });

  test("a handler that throws in the middle of the body gets what it threw, and the connection is closed", async () => {
    const server = await serve((_, response) => endless(response));
    const fault = new Error("fault");
    const error = await new Promise((resolve) => {
      compose().dispatcher.dispatch(
        { origin: server.url, path: "/", method: "GET" },
        {
          onRequestStart: () => undefined,
          onResponseData: () => {
            throw fault;
          },
          onResponseError: (_, reason) => resolve(reason),
        },
      );
    });
    expect(error).toBe(fault);
    await until(() => server.held.size === 0);
  });

  test("trailers arrive", async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "x-sum": "7" });
      response.end();
    });
    const { body, trailers } = await request(server.url, only());
    await body.text();
    expect(trailers).toEqual({ "x-sum": "7" });
  });

  test("an upgrade passes through as it is", async () => {
    const server = await serve(() => undefined);
    server.server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n"));
    const { dispatcher, guard } = compose();
    const { socket } = await dispatcher.upgrade({ origin: server.url, path: "/", protocol: "echo" } as Dispatcher.UpgradeOptions);
    socket.destroy();
    expect(guard.stats.calls).toBe(0);
  });

  test("redirects that are followed inside are told in the context", async () => {
    const server = await serve((incoming, response) => {
      if (incoming.url === "/new") response.end("moved here");
      else response.writeHead(302, { location: "/new" }).end();
    });
    const agent = new Agent();
    onTestFinished(() => agent.destroy());
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 1 }), resilience());
    const { body, context } = await request(server.url, { dispatcher });
    expect([await body.text(), String((context as { history: URL[] }).history.at(-1))]).toEqual(["moved here", `${server.url}/new`]);
  });

  test("fetch works through it, undici's and the platform's", async () => {
    const server = await statuses(503, 200, 503, 200);
    const { dispatcher } = compose({ retry: noWait });
    expect(await (await undiciFetch(server.url, { dispatcher })).text()).toBe("answer 2");
    const init: object = { dispatcher }; // the platform's types come from another undici
    expect(await (await fetch(server.url, init)).text()).toBe("answer 4");
    expect(server.requests).toHaveLength(4);
  });

  test("a client for one origin need not say which", async () => {
    const server = await statuses(503, 200);
    const client = new Client(server.url);
    onTestFinished(() => client.destroy());
    const dispatcher = client.compose(resilience({ retry: noWait }));
    const { body } = await dispatcher.request({ path: "/", method: "GET" });
    expect(await body.text()).toBe("answer 2");
  });
});

describe("what goes out and where", () => {
  test("each attempt says how long it has and in which trace it stands, whatever form the headers have", async () => {
    const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1 };
    const server = await statuses(200);
    const { dispatcher } = compose({ clock: new ManualClock(), timeoutMs: 800 });
    const forms: Dispatcher.DispatchOptions["headers"][] = [{ a: "b" }, ["a", "b"], new Map([["a", "b"]]), null];
    for (const headers of forms) {
      const options = { origin: server.url, path: "/", method: "GET", headers: headers ?? null, call: { deadlineAt: 300, trace } } as const;
      await (await dispatcher.request(options)).body.dump();
      const seen = server.requests.at(-1)?.headers;
      expect(seen).toMatchObject({ traceparent: `00-${trace.traceId}-${trace.spanId}-01`, "x-request-timeout-ms": "300" });
      expect(seen?.a).toBe(headers === null ? undefined : "b");
    }
    for (const headers of [{ "X-Request-Timeout-Ms": "5" }, ["X-Request-Timeout-Ms", "5"]]) {
      await (await request(server.url, { dispatcher, headers })).body.dump();
      expect(server.requests.at(-1)?.headers["x-request-timeout-ms"]).toBe("5");
    }
  });

  test("fields that come from an iterator arrive at each attempt", async () => {
    const server = await statuses(503, 200);
    function* fields(): Generator<[string, string | string[]]> {
      yield ["x-one", "1"];
      yield ["x-many", ["1", "2"]];
    }
    const key = { *[Symbol.iterator]() { yield ["idempotency-key", "k"] as [string, string]; } };
    await request(server.url, { ...only({ retry: noWait }), headers: fields() });
    await request(server.url, { ...only({ retry: noWait }), method: "POST", headers: key[Symbol.iterator]() });
    const got = server.requests.map(({ headers }) => [headers["x-one"], headers["x-many"], headers["idempotency-key"], typeof headers["x-request-timeout-ms"]]);
    expect(got).toEqual([["1", "1, 2", undefined, "string"], ["1", "1, 2", undefined, "string"], [undefined, undefined, "k", "string"]]);
  });

  test("a balancer chooses for each attempt, another one at a retry, and is told how it went", async () => {
    const [bad, good] = [await statuses(503), await statuses(200)];
    const told: string[] = [];
    let picks = 0;
    const balancer = {
      pick: () => {
        const value = picks++ < 2 ? `${bad.url}/base` : good.url;
        const tell = (how: string) => () => void told.push(`${value === good.url ? "good" : "bad"} ${how}`);
        return { value, success: tell("success"), failure: tell("failure"), release: tell("release") };
      },
    };
    const { dispatcher, guard } = compose({ balancer, retry: noWait });
    const { body } = await dispatcher.request({ origin: "http://orders.invalid", path: "/7?a=b", method: "GET" });
    expect(await body.text()).toBe("answer 1");
    expect([bad.requests.map(({ url }) => url), good.requests.map(({ url }) => url)]).toEqual([["/base/7?a=b"], ["/7?a=b"]]);
    expect(told).toEqual(["bad failure", "bad release", "good success"]);
    expect(guard.stats.breaker?.keys).toBe(2);
  });
});
