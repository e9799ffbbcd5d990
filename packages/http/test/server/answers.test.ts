import { once } from "node:events";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { RejectedError, type Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { fetchHandler, reply, StatusError, statusOfError, type HttpReply } from "@breakwater/http";
import { fastifyHandler, fastifyPart } from "@breakwater/http/fastify";
import { honoMiddleware } from "@breakwater/http/hono";
import { httpRoute, type HttpRequest } from "@breakwater/http/node";
import { fastify } from "fastify";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ask, gate, serve, until, Wire } from "./helpers.ts";

function refusal(reason: unknown): RejectedError {
  return new RejectedError("ERR_TEST", "no", { reason: reason as string }); // what JavaScript may pass
}

/** Has no end of its own. */
function ticks(ended: () => void): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { value: "tick\n" };
      },
      return: async () => {
        ended();
        return { done: true, value: undefined };
      },
    }),
  };
}

describe("an error", () => {
  it("whose code is the name of something that every object has is one that nobody expected", () => {
    for (const code of ["constructor", "toString", "__proto__"]) expect(statusOfError(Object.assign(new Error("x"), { code }))).toBe(500);
    for (const reason of ["constructor", "__proto__"]) expect(statusOfError(new RejectedError("ERR_LIMITER_REJECTED", "x", { reason }))).toBe(503);
  });

  it("is answered everywhere in the same way, whatever it holds: what cannot be sent is a 500, and is reported", async () => {
    const issues = [{ path: ["a", Symbol("b"), 1], message: "bad", input: "secret" }, { path: 1n, message: 1n }, null];
    const cases = [
      [refusal(10n), 503, { code: "ERR_TEST" }],
      [Object.assign(new RejectedError("ERR_VALIDATION", "no", { reason: "invalid" }), { issues }), 400, { issues: [{ path: ["a", "Symbol(b)", 1], message: "bad" }, { path: [], message: "" }, { path: [], message: "" }] }],
      [new StatusError(409, "no", { headers: { "x-a": "b\r\nx-c: d" } }), 500, { id: expect.any(String) as unknown }],
      [new StatusError(409, "no", { headers: { "x-a": undefined as unknown as string } }), 500, { id: expect.any(String) as unknown }], // what JavaScript may pass
    ] as const;
    for (const [error, expected, told] of cases) {
      const onError = vi.fn<(error: unknown) => void>();
      const service = (): Promise<never> => Promise.reject(error);
      const server = await serve(httpRoute(service), { onError });
      const overNode = await ask(server);
      const overFetch = await fetchHandler(service, { onError })(new Request("http://a/"));
      const app = fastify();
      app.get("/", fastifyHandler(service, { onError }));
      const overFastify = await app.inject("/");
      await app.close();
      const overHono = await new Hono().use(honoMiddleware(() => service, { onError })).request("/");
      const all = [
        [overNode.status, overNode.text, overNode.headers["x-c"]],
        [overFetch.status, await overFetch.text(), overFetch.headers.get("x-c") ?? undefined],
        [overFastify.statusCode, overFastify.payload, overFastify.headers["x-c"]],
        [overHono.status, await overHono.text(), overHono.headers.get("x-c") ?? undefined],
      ] as const;
      for (const [status, text, injected] of all) {
        expect([status, injected, JSON.parse(text)]).toMatchObject([expected, undefined, told]);
        expect(text).not.toContain("secret");
      }
      expect(onError).toHaveBeenCalledTimes(expected === 500 ? 4 : 0);
    }
  });
});

describe("a stream", () => {
  it("whose answer has fields that cannot be sent is let go of", async () => {
    const made: Readable[] = [];
    const service = async (): Promise<HttpReply> => {
      made.push(Readable.from(["a"]));
      return reply(made.at(-1), { headers: { "x-a": "b\r\nc" } });
    };
    const onError = (): void => undefined;
    const server = await serve(httpRoute(service), { onError });
    expect((await ask(server)).status).toBe(500);
    expect((await fetchHandler(service, { onError })(new Request("http://a/"))).status).toBe(500);
    const app = fastify();
    app.get("/", fastifyHandler(service, { onError }));
    expect((await app.inject("/")).statusCode).toBe(500);
    await app.close();
    expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });

  it("of one large piece does not cut off a client that takes it slowly", async () => {
    const clock = new ManualClock();
    const size = 60_000_000;
    async function* one(): AsyncGenerator<Uint8Array, void> {
      yield await Promise.resolve(new Uint8Array(size));
    }
    const server = await serve(httpRoute(async () => reply(one(), { headers: { "content-length": size } })), { clock, stalledTimeoutMs: 1_000 });
    let sent: Socket | undefined;
    server.node.on("connection", (own) => (sent = own));
    const { socket } = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let allowed = 0;
    socket.on("data", () => {
      if (socket.bytesRead >= allowed) socket.pause();
    });
    for (let round = 0; round < 8; round += 1) {
      await until(() => clock.pendingRefTimers > 0);
      clock.advance(600);
      const before = sent?.bytesWritten ?? 0;
      allowed = socket.bytesRead + 4_000_000; // more than a socket's buffer, so that the server notices
      socket.resume();
      await until(() => socket.bytesRead >= allowed && (sent?.bytesWritten ?? 0) > before);
    }
    allowed = Infinity;
    socket.resume();
    await until(() => socket.bytesRead > size);
  });

  it("that fastify has nobody to send to is let go of: HEAD, and a status without a body", async () => {
    const ended = vi.fn<() => void>();
    const app = fastify();
    app.get("/", fastifyHandler(async () => reply(ticks(ended), { isEndless: true })));
    app.get("/none", fastifyHandler(async () => reply(ticks(ended), { status: 204 })));
    const part = fastifyPart(app);
    await part.start();
    onTestFinished(() => app.close());
    expect((await ask(part, { method: "HEAD" })).status).toBe(200);
    expect((await ask(part, { path: "/none" })).status).toBe(204);
    await until(() => ended.mock.calls.length === 2);
  });
});

describe("a client that has gone", () => {
  it("ends each call of its pipeline, under fastify too, where the second waits for its turn to be answered", async () => {
    const reasons: unknown[] = [];
    let calls = 0;
    const app = fastify();
    app.get(
      "/",
      fastifyHandler((_: unknown, { signal }: Call) => {
        calls += 1;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          });
        });
      }),
    );
    const part = fastifyPart(app);
    await part.start();
    onTestFinished(() => app.close());
    const client = new Wire(part).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2));
    await until(() => calls === 2);
    client.socket.destroy();
    await until(() => reasons.length === 2);
    expect(reasons).toMatchObject([{ code: "ERR_CLIENT_GONE" }, { code: "ERR_CLIENT_GONE" }]);
  });

  it("lets go of the body of a Response that a fetch-style service made itself", async () => {
    const cancelled = vi.fn<(reason: unknown) => void>();
    const gone = new AbortController();
    const handler = fetchHandler(async (_: unknown, { signal }: Call) => {
      expect(signal?.aborted).toBe(false);
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)), cancel: cancelled }));
    });
    const answer = await handler(new Request("http://a/", { signal: gone.signal }));
    const reader = answer.body?.getReader();
    await reader?.read();
    const next = reader?.read();
    gone.abort();
    await expect(next).rejects.toMatchObject({ code: "ERR_CLIENT_GONE" });
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  it("is no failure of hono's, whatever comes of it", async () => {
    const onError = vi.fn<(error: unknown) => void>();
    const gone = new AbortController();
    const app = new Hono().use(
      honoMiddleware(() => (_, { signal }: Call) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))), { onError }),
    );
    const answer = app.request(new Request("http://a/", { signal: gone.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    expect((await answer).status).toBe(499);
    expect(onError).not.toHaveBeenCalled();
  });
});

describe("a drain", () => {
  it("does not cut off an answer that has ended and is still under way to a slow client", async () => {
    let size = 0;
    const isEnded = gate();
    async function* untilHeldUp({ writableLength }: { readonly writableLength: () => number }): AsyncGenerator<string, void> {
      // Small pieces, until one of them waits in this process; then it is over, and the answer with it.
      while (writableLength() === 0) {
        size += 10_000;
        yield "x".repeat(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      setImmediate(isEnded.open);
    }
    const server = await serve(httpRoute(async ({ raw }: HttpRequest) => reply(untilHeldUp({ writableLength: () => raw.socket.writableLength }))));
    const client = new Wire(server);
    client.socket.pause();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await isEnded.promise;
    const stopped = server.stop({ graceMs: 60_000 });
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.resume();
    expect(await stopped).toMatchObject({ isDrained: true });
    await client.closed;
    expect([client.text.match(/x/g)?.length, client.text.endsWith("0\r\n\r\n")]).toEqual([size, true]);
  });

  it("answers the whole of a pipeline that is under way", async () => {
    const rest = gate();
    const server = await serve({ process: async ({ path }: HttpRequest) => (await rest.promise, path) });
    const client = new Wire(server).send(["/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
    await until(() => server.stats.inFlight === 3);
    const stopped = server.stop({ graceMs: 60_000 });
    rest.open();
    await client.closed;
    expect(client.text.match(/"\/\d"/g)).toEqual(['"/1"', '"/2"', '"/3"']);
    expect(client.text.match(/connection: close/gi)).toHaveLength(1);
    expect(await stopped).toMatchObject({ isDrained: true });
    expect(server.stats).toMatchObject({ answered: 3, gone: 0 });
  });

  it("is not held up by a client that pipelines on and on", async () => {
    let begun = 0;
    const server = await serve({
      process: async () => {
        begun += 1;
        const own = begun;
        // So that there always is a next one before this is answered, where a next one comes.
        for (let n = 0; n < 20 && begun === own; n += 1) await new Promise((resolve) => setTimeout(resolve, 1));
        return "served";
      },
    });
    const client = new Wire(server);
    let answers = 0;
    const more = (): void => void client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    client.socket.on("data", () => {
      for (const all = client.text.match(/"served"/g)?.length ?? 0; answers < all; answers += 1) more();
    });
    for (let n = 0; n < 3; n += 1) more();
    await until(() => answers > 10);
    expect(await server.stop({ graceMs: 1_000 })).toMatchObject({ isDrained: true });
    await client.closed;
    expect([server.stats.gone, server.stats.answered, client.text.match(/"served"/g)?.length]).toEqual([0, begun, begun]);
  });

  it("answers the first request of a connection that was taken just before", async () => {
    const server = await serve({ process: async () => "served" });
    const client = new Wire(server);
    await once(client.socket, "connect");
    await until(() => server.stats.connections === 1);
    const stopped = server.stop({ graceMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.until(/"served"/);
    expect(await stopped).toMatchObject({ isDrained: true });
  });

  it("closes a connection that waits for its next request, though another has not asked yet", async () => {
    const server = await serve({ process: async () => "served" });
    const silent = new Wire(server);
    const idle = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await Promise.all([once(silent.socket, "connect"), idle.until(/"served"/)]);
    await until(() => server.stats.connections === 2 && server.stats.inFlight === 0);
    const closed = once(idle.socket, "close");
    const stopped = server.stop({ graceMs: 60_000 });
    await closed;
    expect(server.stats.connections).toBe(1);
    silent.socket.destroy();
    expect(await stopped).toMatchObject({ isDrained: true });
  });
});

describe("a pipeline", () => {
  it("has a signal for each call that is in flight at the same time", async () => {
    const signals: unknown[] = [];
    const rest = gate();
    const server = await serve({
      process: async (_: HttpRequest, { signal }: Call) => {
        signals.push(signal);
        await rest.promise;
      },
    });
    const client = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2));
    await until(() => signals.length === 2);
    rest.open();
    await client.until(/204[^]*204/);
    expect(signals[0]).not.toBe(signals[1]);
  });
});
