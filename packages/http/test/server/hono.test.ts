import { serve as serveHono } from "@hono/node-server";
import { Breaker, consecutiveFailures } from "@breakwater/breaker";
import type { Call } from "@breakwater/core";
import { reply, type FetchRequest } from "@breakwater/http";
import { honoHandler, honoMiddleware } from "@breakwater/http/hono";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Hono } from "hono";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, until, Wire } from "./helpers.ts";

async function listen(app: Pick<Hono, "fetch">): Promise<{ readonly url: string }> {
  const server = await new Promise<Server>((resolve) => {
    const made = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(made as Server)); // the default is one of node:http
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const json = { "content-type": "application/json" };

describe("a handler of hono", () => {
  it("gets what matched through decode, over a real listener as well", async () => {
    const app = new Hono().post(
      "/orders/:id",
      honoHandler(async ({ id, body }: { readonly id: string; readonly body: unknown }) => ({ id, body }), {
        decode: ({ body }, context) => ({ id: context.req.param("id") ?? "", body }),
      }),
    );
    const answer = await app.request("/orders/7", { method: "POST", headers: json, body: "[1]" });
    expect(await answer.json()).toEqual({ id: "7", body: [1] });
    const server = await listen(app);
    expect((await ask(server, { method: "POST", path: "/orders/8", headers: json, body: "[2]" })).json()).toEqual({ id: "8", body: [2] });
    const wrong = await ask(server, { method: "POST", path: "/orders/8", headers: json, body: "[2" });
    expect([wrong.status, wrong.headers["content-type"], wrong.json()]).toMatchObject([400, "application/problem+json", { reason: "json" }]);
    expect((await ask(server, { method: "POST", path: "/orders/8", headers: json, body: JSON.stringify("x".repeat(2_000_000)) })).status).toBe(413);
  });

  it("reads a body that a middleware has read before", async () => {
    const app = new Hono()
      .use(async (context, next) => {
        await context.req.json();
        await next();
      })
      .post("/", honoHandler(async ({ body }: FetchRequest) => body));
    const answer = await app.request("/", { method: "POST", headers: json, body: '{"a":1}' });
    expect([answer.status, await answer.json()]).toEqual([200, { a: 1 }]);
  });

  it("ends its call when the client goes, before the answer and in its middle", async () => {
    const reasons: unknown[] = [];
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
    let waits = 0;
    const waiting = (_: FetchRequest, { signal }: Call): Promise<never> =>
      new Promise((_resolve, reject) => {
        waits += 1;
        signal?.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    const app = new Hono().get("/waits", honoHandler(waiting)).get("/events", honoHandler(async () => reply(ticks(), { headers: { "content-type": "text/event-stream" } })));
    const server = await listen(app);
    const controller = new AbortController();
    const gone = ask(server, { path: "/waits", signal: controller.signal }).catch((error: unknown) => error);
    await until(() => waits === 1);
    controller.abort();
    await gone;
    await until(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ code: "ERR_CLIENT_GONE" }]);
    const wire = new Wire(server).send("GET /events HTTP/1.1\r\nhost: a\r\n\r\n");
    await wire.until(/data: tick/);
    wire.socket.destroy();
    await until(() => isOver);
  });
});

describe("a layer as hono's middleware", () => {
  it("refuses before the handler, as a problem", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 0, queueLimit: 0 });
    let asked = 0;
    const app = new Hono().use(honoMiddleware(limiter.layer)).get("/", (context) => context.text(`${(asked += 1)}`));
    const answer = await app.request("/");
    expect([answer.status, asked, await answer.json()]).toMatchObject([429, 0, { code: "ERR_LIMITER_REJECTED" }]);
    limiter.resize(1);
    expect(await (await app.request("/")).text()).toBe("1");
    expect(limiter.inUse).toBe(0);
  });

  it("hears of what a handler throws, whose answer stays hono's", async () => {
    const breaker = new Breaker({ trip: consecutiveFailures(2) });
    const app = new Hono().use(honoMiddleware(breaker.layer)).get("/", () => {
      throw new Error("down");
    });
    app.onError((error, context) => context.text(`mine: ${error.message}`, 502));
    const answers = [await app.request("/"), await app.request("/"), await app.request("/")];
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 503]);
    expect(await answers[1]?.text()).toBe("mine: down");
    expect(await answers[2]?.json()).toMatchObject({ code: "ERR_BREAKER_OPEN" });
  });

  it("a layer that asks twice gets an error, and the answer to the first stays out", async () => {
    const heard: unknown[] = [];
    let asked = 0;
    const app = new Hono()
      .use(honoMiddleware((next) => (context, call) => next(context, call).then(() => next(context, call)), { onError: (error) => heard.push(error) }))
      .get("/", (context) => context.text(`${(asked += 1)}`));
    expect([(await app.request("/")).status, asked, heard]).toMatchObject([500, 1, [{ message: "a handler of hono cannot be asked twice" }]]);
  });
});
