import { Agent } from "node:http";
import type { Call, Service } from "@breakwater/core";
import { jsonReply, reply } from "@breakwater/http";
import { fastifyHandler, fastifyPart, type FastifyPart } from "@breakwater/http/fastify";
import { drain } from "@breakwater/http/node";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { fastify, type FastifyInstance, type FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, gate, until, Wire } from "./helpers.ts";

const one: Service<FastifyRequest, number> = async () => 1;

async function listen(app: FastifyInstance): Promise<FastifyPart> {
  const part = fastifyPart(app);
  await part.start();
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return part;
}

describe("a handler of fastify", () => {
  it("serves what fastify has parsed, and answers as the service says", async () => {
    const app = fastify();
    app.post("/orders/:id", fastifyHandler(async ({ params, body }: FastifyRequest) => ({ params, body })));
    app.get("/text", fastifyHandler(async () => "text"));
    app.get("/none", fastifyHandler(async () => undefined));
    app.get("/made", fastifyHandler(async () => jsonReply([1], { status: 201, headers: { "x-a": "b" } })));
    app.get("/n", fastifyHandler(async (n: number) => n, { decode: ({ query }) => Number((query as { readonly n: string }).n), encode: (n: number) => reply(`<${n}>`) }));
    const order = await app.inject({ method: "POST", url: "/orders/7", payload: { a: 1 } });
    expect(order.json()).toEqual({ params: { id: "7" }, body: { a: 1 } });
    const text = await app.inject("/text");
    expect([text.payload, text.headers["content-type"]]).toEqual(['"text"', "application/json; charset=utf-8"]);
    expect((await app.inject("/none")).statusCode).toBe(204);
    const made = await app.inject("/made");
    expect([made.statusCode, made.headers["x-a"], made.json()]).toEqual([201, "b", [1]]);
    expect((await app.inject("/n?n=7")).payload).toBe("<7>");
    await app.close();
  });

  it("answers refusals and errors as problems, and fastify's error handler hears of none", async () => {
    const heard: unknown[] = [];
    const own: unknown[] = [];
    const app = fastify();
    app.setErrorHandler((error) => own.push(error));
    const limiter = new ConcurrencyLimiter({ limit: 0, queueLimit: 0 });
    app.get("/full", fastifyHandler(limiter.layer(one)));
    app.get("/fails", fastifyHandler(() => Promise.reject(new Error("secret")), { onError: (error) => heard.push(error) }));
    const full = await app.inject("/full");
    expect([full.statusCode, full.headers["content-type"], full.json()]).toMatchObject([429, "application/problem+json; charset=utf-8", { code: "ERR_LIMITER_REJECTED" }]);
    const failed = await app.inject("/fails");
    expect([failed.statusCode, failed.payload.includes("secret"), heard, own]).toMatchObject([500, false, [{ message: "secret" }], []]);
    await app.close();
  });

  it("streams, reads the deadline, and ends its call with the client", async () => {
    const clock = { now: () => 1_000, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) };
    const app = fastify();
    let isOver = false;
    async function* ticks(): AsyncGenerator<string, void> {
      try {
        for (;;) {
          yield "data: tick\n\n";
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      } finally {
        isOver = true;
      }
    }
    const reasons: unknown[] = [];
    app.get("/events", fastifyHandler(async () => reply(ticks(), { headers: { "content-type": "text/event-stream" } })));
    app.get("/deadline", fastifyHandler(async (_: FastifyRequest, { deadlineAt }: Call) => deadlineAt, { clock }));
    let isWaiting = false;
    const waiting = (_: FastifyRequest, { signal }: Call): Promise<never> =>
      new Promise(() => {
        isWaiting = true;
        signal?.addEventListener("abort", () => reasons.push(signal.reason));
      });
    app.get("/waits", fastifyHandler(waiting));
    const server = await listen(app);
    expect((await ask(server, { path: "/deadline", headers: { "x-request-timeout-ms": "200" } })).text).toBe("1200");
    const events = new Wire(server).send("GET /events HTTP/1.1\r\nhost: a\r\n\r\n");
    await events.until(/data: tick/);
    events.socket.destroy();
    await until(() => isOver);
    const waits = new Wire(server).send("GET /waits HTTP/1.1\r\nhost: a\r\n\r\n");
    await until(() => isWaiting);
    waits.socket.destroy();
    await until(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ code: "ERR_CLIENT_GONE" }]);
  });

  it("a stream that fails breaks the answer off, and is reported", async () => {
    const heard: unknown[] = [];
    const app = fastify();
    async function* pieces(): AsyncGenerator<string, void> {
      yield "half";
      throw new Error("the other half");
    }
    app.get("/", fastifyHandler(async () => reply(pieces()), { onError: (error) => heard.push(error) }));
    const server = await listen(app);
    await expect(ask(server)).rejects.toThrow();
    expect(heard).toMatchObject([{ message: "the other half" }]);
  });
});

describe("a fastify app as a part of a drain", () => {
  it("its close ends with the work: idle connections go at once, the last answer says close", async () => {
    const work = gate<string>();
    const app = fastify();
    let asked = 0;
    app.get("/", fastifyHandler(() => ((asked += 1), work.promise)));
    app.get("/quick", async () => "quick");
    const server = await listen(app);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await ask(server, { path: "/quick", agent });
    const busy = new Agent({ keepAlive: true });
    onTestFinished(() => busy.destroy());
    const answer = ask(server, { agent: busy });
    await until(() => asked === 1);
    let isClosed = false;
    const closed = app.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isClosed).toBe(false);
    work.open("done");
    expect((await answer).headers.connection).toBe("close");
    await closed;
  });

  it("drain bounds it: the calls are aborted with a reason, and what does not let go is destroyed", async () => {
    const app = fastify();
    let asked = 0;
    const waiting = (_: FastifyRequest, { signal }: Call): Promise<never> =>
      new Promise((_resolve, reject) => {
        asked += 1;
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    app.get("/lets-go", fastifyHandler(waiting));
    app.get("/holds", fastifyHandler(() => new Promise(() => (asked += 1))));
    const server = await listen(app);
    const letsGo = ask(server, { path: "/lets-go" });
    const holds = ask(server, { path: "/holds" }).catch((error: unknown) => error);
    await until(() => asked === 2);
    const report = await drain([server], { graceMs: 30, abortMs: 50 });
    expect((await letsGo).json()).toMatchObject({ status: 503, code: "ERR_SERVER_STOPPING" });
    expect(await holds).toMatchObject({ code: "ECONNRESET" });
    expect(report).toMatchObject({ isDrained: false, parts: [{ name: "fastify", outcome: "forced", report: { isDrained: false, forced: { calls: 2, connections: 1 } } }] });
  });

  it("without work it drains at once, and force cuts a drain short", async () => {
    const app = fastify();
    const server = await listen(app);
    expect(await drain([server], { graceMs: 60_000 })).toMatchObject({ isDrained: true });
    const other = fastify();
    let asked = 0;
    other.get("/", fastifyHandler(() => new Promise(() => (asked += 1))));
    const part = await listen(other);
    const answer = ask(part).catch((error: unknown) => error);
    await until(() => asked === 1);
    const drained = drain([part], { graceMs: 60_000 });
    part.force();
    expect(await drained).toMatchObject({ isDrained: false });
    expect(await answer).toMatchObject({ code: "ECONNRESET" });
  });
});
