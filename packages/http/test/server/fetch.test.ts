import type { Call, Service } from "@breakwater/core";
import { fetchHandler, jsonReply, reply, StatusError, type FetchRequest } from "@breakwater/http";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Metrics } from "@breakwater/metrics";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { gate, until } from "./helpers.ts";

const one: Service<FetchRequest, number> = async () => 1;
const url = "http://service.test/orders?dry=1";

function post(body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Request {
  return new Request(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers }, duplex: "half" });
}

describe("a fetch-style handler", () => {
  it("hands over the request and answers what the service says", async () => {
    const handle = fetchHandler(async ({ method, path, query, headers, body }: FetchRequest) => ({ method, path, query, trace: headers.get("traceparent"), body }));
    const answer = await handle(post('{"id":1}', { traceparent: "00-a" }));
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await answer.json()).toEqual({ method: "POST", path: "/orders", query: "dry=1", trace: "00-a", body: { id: 1 } });
  });

  it("answers nothing with a 204, replies and Responses as they are, and HEAD without a body", async () => {
    expect((await fetchHandler(async () => undefined)(new Request(url))).status).toBe(204);
    const made = await fetchHandler(async () => jsonReply({ a: 1 }, { status: 201, headers: { "x-many": ["a", "b"] } }))(new Request(url));
    expect([made.status, made.headers.get("x-many"), await made.json()]).toEqual([201, "a, b", { a: 1 }]);
    const own = new Response("own", { status: 202 });
    expect(await fetchHandler(async () => own)(new Request(url))).toBe(own);
    const head = await fetchHandler(async () => "ä")(new Request(url, { method: "HEAD" }));
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "4", ""]);
  });

  it("decodes the input and encodes the answer", async () => {
    const handle = fetchHandler(async (id: number) => id + 1, { decode: ({ query }) => query.length, encode: (out: number) => new Response(`<${out}>`) });
    expect(await (await handle(new Request(url))).text()).toBe("<6>");
  });

  it("refuses as the server of node does, and tells no more", async () => {
    const heard: unknown[] = [];
    const handle = fetchHandler(async ({ body }: FetchRequest) => (body === 1 ? Promise.reject(new Error("secret")) : body), { maxBodyBytes: 20, onError: (error) => heard.push(error) });
    const told = async (request: Request): Promise<unknown> => {
      const answer = await handle(request);
      expect([answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual(["application/problem+json", "no-store"]);
      return answer.json();
    };
    expect(await told(new Request(url, { method: "PUT", body: "1" }))).toMatchObject({ status: 405, reason: "method" });
    expect(await told(post("1", { "content-type": "text/plain" }))).toMatchObject({ status: 415, reason: "media-type" });
    expect(await told(post("1", { "content-encoding": "gzip" }))).toMatchObject({ status: 415, reason: "content-encoding" });
    expect(await told(post('"unfinished'))).toMatchObject({ status: 400, reason: "json" });
    expect(await told(post(Uint8Array.of(0x22, 0xff, 0x22)))).toMatchObject({ status: 400, reason: "utf-8" });
    expect(await told(post("x", { "content-length": "21" }))).toMatchObject({ status: 413, reason: "body-size" });
    const failed = await told(post("1"));
    expect(failed).toEqual({ type: "about:blank", title: "Internal Server Error", status: 500, id: expect.any(String) as string });
    expect(heard).toMatchObject([{ message: "secret" }]);
  });

  it("stops reading a body as soon as more has come than may", async () => {
    let sent = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(1_000));
      },
      cancel: () => void (isCancelled = true),
    });
    const answer = await fetchHandler(async () => 1, { maxBodyBytes: 10_000 })(post(endless));
    expect([answer.status, isCancelled]).toEqual([413, true]);
    expect(sent).toBeLessThan(20);
  });

  it("a body that breaks off never reaches the service", async () => {
    let asked = 0;
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("reset")) });
    const answer = await fetchHandler(async () => (asked += 1))(post(broken));
    expect([answer.status, asked]).toEqual([400, 0]);
  });

  it("a full limiter is a 429 with a time to come back, where it is known", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 0, queueLimit: 0 });
    const refused = await fetchHandler(limiter.layer(one))(new Request(url));
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: "ERR_LIMITER_REJECTED" }]);
    const conflict = await fetchHandler(() => Promise.reject(new StatusError(409, "it exists", { headers: { "x-a": "b\r\nset-cookie: c" } })), { onError: () => undefined })(new Request(url));
    expect(conflict.status).toBe(500); // a field that cannot be sent
  });

  it("has the deadline of the header and its own, and a priority where somebody reads it", async () => {
    const clock = { now: () => 1_000, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) };
    const handle = fetchHandler(async (_: FetchRequest, { deadlineAt, priority }: Call) => ({ deadlineAt, priority }), { clock, timeoutMs: 500, priorityOf: () => 3 });
    expect(await (await handle(new Request(url, { headers: { "x-request-timeout-ms": "200" } }))).json()).toEqual({ deadlineAt: 1_200, priority: 3 });
    expect(await (await handle(new Request(url))).json()).toEqual({ deadlineAt: 1_500, priority: 3 });
  });

  it("counts how requests ended", async () => {
    const metrics = new Metrics();
    const handle = fetchHandler(({ path }: FetchRequest) => (path === "/fails" ? Promise.reject(new Error("no")) : Promise.resolve(1)), { meter: metrics, onError: () => undefined });
    await handle(new Request(url));
    await handle(new Request("http://service.test/fails"));
    const [family] = metrics.snapshot().metrics.filter(({ name }) => name === "breakwater.http.requests");
    expect(family?.series.map(({ attributes }) => attributes)).toMatchObject([{ name: "fetch", outcome: "answered" }, { outcome: "failed" }, { outcome: "gone" }]);
  });

  it("needs nothing of Node", async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'export * from "@breakwater/http"; export * from "@breakwater/http/hono";', resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      conditions: process.env.BREAKWATER_BUILT === "1" ? [] : ["@breakwater/source"],
    });
    expect(outputFiles[0]?.text).not.toMatch(/(?:from|import|require)\W{1,3}node:/);
  });

  it("checks its options", () => {
    expect(() => fetchHandler({} as never)).toThrow("service.process must be a function");
    expect(() => fetchHandler(async () => 1, { maxBodyBytes: -1 })).toThrow("maxBodyBytes");
    expect(() => fetchHandler(async () => 1, { decode: 1 as never })).toThrow("decode must be a function");
  });
});

describe("cancellation", () => {
  it("the call ends with the request's signal, is no failure, and leaves no listener", async () => {
    const controller = new AbortController();
    const heard: unknown[] = [];
    const called = gate<Call>();
    const handle = fetchHandler(
      (_: FetchRequest, call: Call) => {
        called.open(call);
        return new Promise((_resolve, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)));
      },
      { onError: (error) => heard.push(error) },
    );
    const answer = handle(new Request(url, { signal: controller.signal }));
    const call = await called.promise;
    controller.abort();
    expect([(await answer).status, call.signal?.reason, heard]).toMatchObject([499, { code: "ERR_CLIENT_GONE" }, []]);
  });

  it("a body that is cancelled aborts the call and ends the source", async () => {
    let isOver = false;
    let signal: AbortSignal | undefined;
    async function* ticks(): AsyncGenerator<string, void> {
      try {
        for (let n = 0; ; n += 1) yield `data: ${n}\n\n`;
      } finally {
        isOver = true;
      }
    }
    const handle = fetchHandler(async (_: FetchRequest, call: Call) => {
      signal = call.signal;
      return reply(ticks());
    });
    const reader = (await handle(new Request(url))).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toMatchObject({ value: "data: 0\n\n" });
    expect(signal?.aborted).toBe(false);
    await reader?.cancel();
    await until(() => isOver);
    expect(signal?.reason).toMatchObject({ code: "ERR_CLIENT_GONE" });
  });

  it("a request that is aborted while its answer streams ends the source and fails the body", async () => {
    const controller = new AbortController();
    let isOver = false;
    async function* ticks(): AsyncGenerator<string, void> {
      try {
        for (;;) yield "tick";
      } finally {
        isOver = true;
      }
    }
    const answer = await fetchHandler(async () => reply(ticks()))(new Request(url, { signal: controller.signal }));
    const reader = answer.body?.getReader();
    await reader?.read();
    controller.abort();
    await expect(reader?.read()).rejects.toMatchObject({ code: "ERR_CLIENT_GONE" });
    await until(() => isOver);
  });

  it("the body of a Response that the service made is followed too", async () => {
    let signal: AbortSignal | undefined;
    let isCancelled = false;
    const handle = fetchHandler(async (_: FetchRequest, call: Call) => {
      signal = call.signal;
      return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(Uint8Array.of(1)), cancel: () => void (isCancelled = true) }));
    });
    const answer = await handle(new Request(url));
    await answer.body?.cancel();
    expect([isCancelled, signal?.aborted]).toEqual([true, true]);
  });

  it("a stream is read no faster than its reader, and one that fails fails the body", async () => {
    let made = 0;
    const heard: unknown[] = [];
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      for (; made < 3; made += 1) yield Uint8Array.of(made);
      throw new Error("the rest");
    }
    const answer = await fetchHandler(async () => reply(pieces()), { onError: (error) => heard.push(error) })(new Request(url));
    const reader = answer.body?.getReader();
    await reader?.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toBe(0);
    await reader?.read();
    await reader?.read();
    await expect(reader?.read()).rejects.toThrow("the answer was broken off"); // the source's own words are for the log
    expect(heard).toMatchObject([{ message: "the rest" }]);
  });
});
