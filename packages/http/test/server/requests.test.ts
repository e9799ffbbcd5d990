import { isRejected, type Call } from "@breakwater/core";
import { StatusError } from "@breakwater/http";
import { createHttpServer, httpRoute, jsonReply, reply, type HttpRequest } from "@breakwater/http/node";
import { describe, expect, it } from "vitest";
import { ask, gate, postJson, serve, until, Wire } from "./helpers.ts";

const echo = httpRoute(async ({ body }: HttpRequest) => ({ body }));

describe("what a service is given and what becomes of its answer", () => {
  it("serves one service for every path, with its body parsed and nothing of the request hidden", async () => {
    const server = await serve({
      process: async ({ method, path, query, headers, body }: HttpRequest) => ({ method, path, query, trace: headers.traceparent, body }),
    });
    const answer = await ask(server, {
      method: "POST",
      path: "/orders?dry=1",
      headers: { "content-type": "application/json; charset=utf-8", traceparent: "00-a-b-01" },
      body: '{"id":1}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json()).toEqual({ method: "POST", path: "/orders", query: "dry=1", trace: "00-a-b-01", body: { id: 1 } });
  });

  it("decodes the input and encodes the answer", async () => {
    const route = httpRoute(async (id: number) => id + 1, {
      decode: ({ path }) => Number(path.slice(1)),
      encode: (out: number) => reply(`<${out}>`, { status: 201, headers: { "content-type": "text/plain", "x-many": ["a", "b"] } }),
    });
    const answer = await ask(await serve(route), { path: "/41" });
    expect([answer.status, answer.text, answer.headers["content-type"], answer.headers["x-many"]]).toEqual([201, "<42>", "text/plain", "a, b"]);
  });

  it("answers nothing with a 204, and HEAD with the fields of GET alone", async () => {
    const server = await serve({ "/none": httpRoute(async () => undefined), "/some": httpRoute(async () => ({ a: 1 })) });
    expect((await ask(server, { path: "/none" })).status).toBe(204);
    const head = await ask(server, { method: "HEAD", path: "/some" });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "7"]);
  });

  it("chooses by exact path, or by a function, also for the absolute form that proxies are sent", async () => {
    const byPath = await serve({ "/a": httpRoute(async () => "a") });
    expect((await ask(byPath, { path: "/a?x" })).json()).toBe("a");
    expect((await ask(byPath, { path: "/constructor" })).status).toBe(404);
    const wire = new Wire(byPath).send("GET http://host.test/a?b HTTP/1.1\r\nhost: host.test\r\nconnection: close\r\n\r\n");
    await wire.closed;
    expect(wire.text).toMatch(/^HTTP\/1.1 200 .*"a"$/s);
    const byFunction = await serve(({ path }) => (path.startsWith("/b/") ? echo : undefined));
    expect((await ask(byFunction, { path: "/b/1" })).status).toBe(200);
    const missing = await ask(byFunction, { path: "/c" });
    expect([missing.status, missing.headers["content-type"]]).toEqual([404, "application/problem+json"]);
  });

  it("answers pipelined requests in their order, whichever is ready first", async () => {
    const first = gate<string>();
    const server = await serve(httpRoute(async ({ path }: HttpRequest) => (path === "/1" ? first.promise : "two")));
    const wire = new Wire(server).send("GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await until(() => server.stats.inFlight === 2);
    first.open("one");
    await wire.closed;
    expect(wire.text.indexOf('"one"')).toBeGreaterThan(0);
    expect(wire.text.indexOf('"two"')).toBeGreaterThan(wire.text.indexOf('"one"'));
  });

  it("aborts all calls of a pipeline whose connection closes", async () => {
    const reasons: unknown[] = [];
    const server = await serve(
      httpRoute((_: HttpRequest, call: Call) => new Promise(() => call.signal?.addEventListener("abort", () => reasons.push(call.signal?.reason)))),
    );
    const wire = new Wire(server).send("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n".repeat(3));
    await until(() => server.stats.inFlight === 3);
    wire.socket.destroy();
    await until(() => server.stats.gone === 3);
    expect(reasons).toMatchObject([{ code: "ERR_CLIENT_GONE" }, { code: "ERR_CLIENT_GONE" }, { code: "ERR_CLIENT_GONE" }]);
  });

  it("sends a stream no faster than the client takes it", async () => {
    let made = 0;
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      for (; made < 1_000; made += 1) yield new Uint8Array(65_536);
    }
    const server = await serve(httpRoute(async () => reply(pieces())));
    const wire = new Wire(server);
    wire.socket.pause();
    wire.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(made).toBeLessThan(500); // what the kernel's buffers hold, and one more
    wire.socket.on("data", () => (wire.text = "")).resume();
    await wire.closed;
    expect(made).toBe(1_000);
  });

  it("does not cut off a client that takes its answer slowly", async () => {
    const server = await serve(httpRoute(async () => reply(new Uint8Array(24 * 1_048_576))), { stalledTimeoutMs: 400 });
    const wire = new Wire(server);
    let size = 0;
    wire.socket.removeAllListeners("data");
    wire.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    const startedAt = performance.now();
    wire.socket.on("data", (chunk: string) => {
      size += chunk.length;
      wire.socket.pause();
      setTimeout(() => wire.socket.resume(), 2);
    });
    await wire.closed;
    expect(size).toBeGreaterThan(24 * 1_048_576);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
    await until(() => server.stats.answered === 1);
  });

  it("has the length of whole bodies in the head, small, large, text and bytes", async () => {
    const large = "ä".repeat(200_000);
    const bodies: Record<string, string | Uint8Array> = { "/text": "äö", "/bytes": Uint8Array.of(1, 2), "/large": large, "/largest": new Uint8Array(300_000), "/empty": "" };
    const server = await serve(({ path }) => httpRoute(async () => reply(bodies[path])));
    const json = await serve(httpRoute(async () => large));
    for (const [path, body] of Object.entries(bodies)) {
      const answer = await ask(server, { path });
      expect([answer.headers["content-length"], answer.headers["transfer-encoding"]]).toEqual([String(Buffer.byteLength(body)), undefined]);
      if (typeof body === "string") expect(answer.text).toBe(body);
    }
    expect((await ask(json)).json()).toBe(large);
    const none = await serve(httpRoute(async () => reply("nothing", { status: 204 })));
    expect((await ask(none)).headers["content-length"]).toBeUndefined();
  });

  it("cuts off a client that takes nothing of its answer", async () => {
    const server = await serve(httpRoute(async () => reply(new Uint8Array(64 * 1_048_576))), { stalledTimeoutMs: 50 });
    const wire = new Wire(server);
    wire.socket.pause();
    wire.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => server.stats.gone === 1);
    expect(server.stats.connections).toBe(0);
  });
});

describe("what is refused before the service is asked", () => {
  it("405 names the methods, 415 the media type that is read", async () => {
    const server = await serve(httpRoute(async ({ body }: HttpRequest) => body, { methods: ["POST"] }));
    const wrong = await ask(server, { method: "DELETE" });
    expect([wrong.status, wrong.headers.allow]).toEqual([405, "POST"]);
    const text = await ask(server, { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" });
    expect([text.status, text.headers.accept]).toEqual([415, "application/json"]);
    const zipped = await ask(server, { method: "POST", headers: { "content-type": "application/json", "content-encoding": "gzip" }, body: "{}" });
    expect(zipped.status).toBe(415);
    const latin = await ask(server, { method: "POST", headers: { "content-type": "application/json; charset=latin1" }, body: "{}" });
    expect(latin.status).toBe(415);
  });

  it("400 for invalid JSON and invalid UTF-8, without quoting them", async () => {
    const server = await serve(echo);
    const headers = { "content-type": "application/json" };
    const json = await ask(server, { method: "POST", headers, body: '{"secret":' });
    expect([json.status, json.json()]).toMatchObject([400, { reason: "json" }]);
    expect(json.text).not.toContain("secret");
    const utf8 = await ask(server, { method: "POST", headers, body: Uint8Array.of(0x22, 0xff, 0x22) });
    expect([utf8.status, utf8.json()]).toMatchObject([400, { reason: "utf-8" }]);
  });

  it("413 for too much, whether the head says so or not, and the client can read why", async () => {
    let asked = 0;
    const server = await serve(httpRoute(async () => (asked += 1), { maxBodyBytes: 1_000 }));
    const body = JSON.stringify("x".repeat(3_000_000));
    const declared = await ask(server, { method: "POST", headers: { "content-type": "application/json" }, body });
    expect([declared.status, declared.headers.connection]).toEqual([413, "close"]);
    const chunked = await ask(server, { method: "POST", headers: { "content-type": "application/json", "transfer-encoding": "chunked" }, body });
    expect([chunked.status, chunked.json()]).toMatchObject([413, { reason: "body-size" }]);
    const fits = await postJson(server, "x".repeat(998));
    expect([fits.status, asked]).toEqual([200, 1]);
  });

  it("a client that asks first is refused before it sends its body, or told to go on", async () => {
    const server = await serve(httpRoute(async ({ body }: HttpRequest) => body, { maxBodyBytes: 10 }));
    const head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n";
    const large = new Wire(server).send(`${head}content-length: 11\r\n\r\n`);
    await large.closed;
    expect(large.text).toMatch(/^HTTP\/1.1 413 /);
    const small = new Wire(server).send(`${head}content-length: 3\r\nconnection: close\r\n\r\n`);
    await small.until(/^HTTP\/1.1 100 /);
    small.send("123");
    await small.closed;
    expect(small.text).toMatch(/HTTP\/1.1 200 .*123$/s);
  });

  it("431 for a head of 10 MB, 400 for what is no HTTP", async () => {
    const server = await serve(echo);
    const large = new Wire(server).send(`GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(10_000_000)}\r\n\r\n`);
    await large.closed;
    expect(large.text === "" || large.text.startsWith("HTTP/1.1 431 ")).toBe(true); // a reset may outrun the answer
    const garbage = new Wire(server).send("\x16\x03\x01 hello\r\n\r\n");
    await garbage.closed;
    expect(garbage.text).toMatch(/^HTTP\/1.1 400 /);
    await until(() => server.stats.connections === 0);
    expect(server.stats.malformed).toBe(2);
  });

  it("garbage behind a request that is in work ends the connection, and is not read as its answer", async () => {
    const server = await serve(httpRoute(() => new Promise(() => undefined)));
    const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => server.stats.inFlight === 1);
    wire.send("\x00\x00\x00\r\n\r\n");
    await wire.closed;
    expect([wire.text, server.stats.gone]).toEqual(["", 1]);
  });

  it("408 for a head, and for a body, that comes drop by drop", async () => {
    const server = await serve(echo, { headersTimeoutMs: 60, requestTimeoutMs: 120, checkIntervalMs: 20 });
    const head = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n");
    const body = new Wire(server).send("POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[");
    const silent = new Wire(server);
    const drip = setInterval(() => {
      head.send("x: y\r\n");
      body.send("1,");
    }, 10);
    await Promise.all([head.closed, body.closed, silent.closed]);
    clearInterval(drip);
    expect(head.text).toMatch(/^HTTP\/1.1 408 /);
    expect(body.text).toMatch(/^HTTP\/1.1 408 /);
    await until(() => server.stats.connections === 0);
  });

  it("closes a connection that stays idle between requests", async () => {
    const server = await serve(echo, { keepAliveTimeoutMs: 20 });
    const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await wire.closed;
    expect(wire.text).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("the call", () => {
  it("ends with its client: the signal is aborted with a reason, and the request counts as gone", async () => {
    const seen = gate<Call>();
    const reasons: unknown[] = [];
    const server = await serve(
      httpRoute((_: HttpRequest, call: Call) => {
        seen.open(call);
        return new Promise((_resolve, reject) =>
          call.signal?.addEventListener("abort", () => {
            reasons.push(call.signal?.reason);
            reject(call.signal?.reason);
          }),
        );
      }),
    );
    const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const call = await seen.promise;
    wire.socket.destroy();
    await until(() => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: "ERR_CLIENT_GONE" });
    expect(isRejected(reasons[0])).toBe(false);
    expect(call.signal?.aborted).toBe(true);
    await until(() => server.stats.gone === 1);
    expect(server.stats).toMatchObject({ answered: 0, failed: 0, inFlight: 0 });
  });

  it("shares its signal with the next on its connection, unless it leaves a listener on it", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const heard: unknown[] = [];
    const server = await serve(
      httpRoute(async ({ path }: HttpRequest, { signal }: Call) => {
        signals.push(signal);
        if (path === "/listens") signal?.addEventListener("abort", () => heard.push(signal.reason));
        return path === "/hangs" ? new Promise(() => undefined) : 1;
      }),
    );
    const wire = new Wire(server);
    for (const [index, path] of ["/", "/listens", "/", "/hangs"].entries()) {
      wire.send(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
      await until(() => signals.length === index + 1 && (path === "/hangs" || server.stats.answered === index + 1));
    }
    expect([signals[1] === signals[0], signals[2] === signals[1], signals[3] === signals[2]]).toEqual([true, false, true]);
    wire.socket.destroy();
    await until(() => server.stats.gone === 1);
    expect([signals[3]?.reason, heard]).toMatchObject([{ code: "ERR_CLIENT_GONE" }, []]);
  });

  it("has a new signal every hundred requests, so that what AbortSignal.any leaves on it does not pile up", async () => {
    const signals = new Set<AbortSignal | undefined>();
    const server = await serve(httpRoute(async (_: HttpRequest, { signal }: Call) => void signals.add(signal)));
    const wire = new Wire(server);
    for (let n = 1; n <= 300; n += 1) {
      wire.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await until(() => server.stats.answered === n);
    }
    expect(signals.size).toBe(3);
  });

  it("a client that closes its half counts as gone", async () => {
    const server = await serve(httpRoute(() => new Promise(() => undefined)));
    const wire = new Wire(server, { allowHalfOpen: true }).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => server.stats.inFlight === 1);
    wire.socket.end();
    await until(() => server.stats.gone === 1);
    expect(server.stats.inFlight).toBe(0);
  });

  it("a client that goes in the middle of its body never reaches the service", async () => {
    let asked = 0;
    const server = await serve(httpRoute(async () => (asked += 1)));
    const wire = new Wire(server).send("POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[1,");
    await until(() => server.stats.inFlight === 1);
    wire.socket.destroy();
    await until(() => server.stats.gone === 1);
    expect(asked).toBe(0);
  });

  it("has the deadline of the header, which only shrinks the server's own", async () => {
    const clock = { now: () => 1_000, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) };
    const route = httpRoute(async (_: HttpRequest, call: Call) => ({ deadlineAt: call.deadlineAt, priority: call.priority }));
    const server = await serve(route, { clock, timeoutMs: 500 });
    const deadline = async (header: string | string[]): Promise<unknown> => (await ask(server, { headers: { "x-request-timeout-ms": header } })).json();
    expect(await deadline("200")).toEqual({ deadlineAt: 1_200 });
    expect(await deadline("800")).toEqual({ deadlineAt: 1_500 });
    expect(await deadline("soon")).toEqual({ deadlineAt: 1_500 });
    const plain = await serve(route, { clock, timeoutHeader: false, priorityOf: ({ headers }) => Number(headers["x-priority"]) });
    expect((await ask(plain, { headers: { "x-request-timeout-ms": "200", "x-priority": "3" } })).json()).toEqual({ priority: 3 });
  });

  it("can be widened and spread, with a signal that is real", async () => {
    const server = await serve(httpRoute(async (_: HttpRequest, call: Call) => ({ ...call }.signal instanceof AbortSignal && Object.keys(call))));
    expect((await ask(server)).json()).toEqual(["signal", "deadlineAt", "priority"]);
  });
});

describe("errors", () => {
  it("tells nothing of an error that nobody expected but an id, under which it is found", async () => {
    const heard: unknown[] = [];
    const secret = new Error("connect ECONNREFUSED db.internal:5432");
    const server = await serve({ process: () => Promise.reject(secret) }, { onError: (error, context) => heard.push(error, context) });
    const answer = await ask(server);
    const problem = answer.json() as { readonly id: string };
    expect(problem).toEqual({ type: "about:blank", title: "Internal Server Error", status: 500, id: expect.any(String) as string });
    expect(heard).toEqual([secret, { id: problem.id, status: 500 }]);
    expect(server.stats.failed).toBe(1);
  });

  it("what a service throws at once, and an answer that is no JSON, are 500s; a StatusError is its own", async () => {
    const heard: unknown[] = [];
    const server = await serve(
      {
        "/throws": httpRoute(() => {
          throw new Error("at once");
        }),
        "/circle": httpRoute(async () => ({ n: 1n })),
        "/field": httpRoute(async () => jsonReply(1, { headers: { "x-a": "b\r\nset-cookie: c" } })),
        "/conflict": httpRoute(() => Promise.reject(new StatusError(409, "it exists", { reason: "exists" }))),
      },
      { onError: (error) => heard.push(error) },
    );
    for (const path of ["/throws", "/circle", "/field"]) expect((await ask(server, { path })).status).toBe(500);
    expect(heard).toHaveLength(3);
    const conflict = await ask(server, { path: "/conflict" });
    expect([conflict.status, conflict.json()]).toMatchObject([409, { reason: "exists", detail: "it exists" }]);
  });

  it("lets go of a stream whose pieces cannot be sent", async () => {
    let isOver = false;
    async function* pieces(): AsyncGenerator<string, void> {
      try {
        yield "first";
        yield 7 as unknown as string;
        yield "never";
      } finally {
        isOver = true;
      }
    }
    const heard: unknown[] = [];
    const server = await serve(httpRoute(async () => reply(pieces())), { onError: (error) => heard.push(error) });
    await expect(ask(server)).rejects.toThrow();
    expect([isOver, heard]).toMatchObject([true, [{ code: "ERR_INVALID_ARG_TYPE" }]]);
  });

  it("breaks an answer off whose stream fails, so that it cannot be taken for complete", async () => {
    const heard: unknown[] = [];
    const server = await serve(
      httpRoute(async () =>
        reply(
          (async function* () {
            yield "half";
            throw new Error("the other half");
          })(),
        ),
      ),
      { onError: (error) => heard.push(error) },
    );
    await expect(ask(server)).rejects.toThrow();
    expect(heard).toMatchObject([{ message: "the other half" }]);
  });

  it("lets go of a stream whose client has gone", async () => {
    let isOver = false;
    const server = await serve(
      httpRoute(async () =>
        reply(
          (async function* () {
            try {
              for (;;) {
                yield "data: 1\n\n";
                await new Promise((resolve) => setTimeout(resolve, 2));
              }
            } finally {
              isOver = true;
            }
          })(),
          { headers: { "content-type": "text/event-stream" }, isEndless: true },
        ),
      ),
    );
    const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await wire.until(/data: 1/);
    wire.socket.destroy();
    await until(() => isOver);
    await until(() => server.stats.gone === 1);
  });

  it("checks its options", () => {
    const route = httpRoute(async () => 1);
    expect(() => createHttpServer(route, { headersTimeoutMs: 0 })).toThrow("headersTimeoutMs must be a number from 1 to Infinity, got 0");
    expect(() => createHttpServer(route, { headersTimeoutMs: 100, requestTimeoutMs: 50 })).toThrow("requestTimeoutMs");
    expect(() => createHttpServer({ "/a": {} as never })).toThrow('routes["/a"] must be made by httpRoute');
    expect(() => httpRoute(async () => 1, { methods: ["get"] })).toThrow("methods");
    expect(() => httpRoute({} as never)).toThrow("service.process must be a function");
  });
});
