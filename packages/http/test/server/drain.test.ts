import { Agent, createServer } from "node:http";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import type { Call } from "@breakwater/core";
import { createHttpServer, httpRoute, reply, type HttpRequest } from "@breakwater/http/node";
import { expect, it, onTestFinished } from "vitest";
import { ask, gate, serve, until, Wire } from "./helpers.ts";

it("node's own close waits for seconds behind an answer that said keep-alive; this one ends with the work", async () => {
  const work = gate<string>();
  const plain = createServer((_, response) => void work.promise.then((text) => response.end(text)));
  await once(plain.listen(0, "127.0.0.1"), "listening");
  const server = await serve(httpRoute(() => work.promise));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const { port } = plain.address() as AddressInfo;
  const answers = Promise.all([ask({ url: `http://127.0.0.1:${port}` }, { agent }), ask(server, { agent })]);
  await until(() => server.stats.inFlight === 1);
  let isPlainClosed = false;
  plain.close(() => (isPlainClosed = true));
  const stopped = server.stop({ graceMs: 60_000 });
  work.open("done");
  const [, ours] = await answers;
  expect([ours.text, ours.headers.connection]).toEqual(['"done"', "close"]);
  expect(await stopped).toMatchObject({ isDrained: true, forced: { requests: 0, connections: 0 } });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isPlainClosed).toBe(false);
  plain.closeAllConnections();
});

it("closes connections that nobody uses, silent ones too", async () => {
  const server = await serve(httpRoute(async () => 1));
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  await ask(server, { agent });
  const silent = new Wire(server);
  await until(() => server.stats.connections === 2);
  expect(await server.stop({ graceMs: 60_000 })).toMatchObject({ isDrained: true });
  await silent.closed;
  expect(server.stats).toMatchObject({ state: "stopped", connections: 0 });
});

it("serves on through the lame duck, keep-alive and new connections alike, and then takes no more", async () => {
  const server = await serve(httpRoute(async () => 1));
  const { url } = server;
  const events: unknown[] = [];
  server.on("stopping", (event) => events.push(event));
  const stopped = server.stop({ lameDuckMs: 100 });
  expect([events, server.stats.state]).toEqual([[{ inFlight: 0 }], "lame-duck"]);
  const during = await ask(server);
  expect([during.status, server.stats.state]).toEqual([200, "lame-duck"]);
  const report = await stopped;
  expect(report.durationMs.lameDuck).toBeGreaterThanOrEqual(100);
  await expect(ask({ url })).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

it("after the grace the calls are aborted with a reason, which the client is told as a 503", async () => {
  const server = await serve(httpRoute((_: HttpRequest, call: Call) => new Promise((_resolve, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)))));
  const answer = ask(server);
  await until(() => server.stats.inFlight === 1);
  const report = await server.stop({ graceMs: 20, abortMs: 60_000 });
  expect(report).toMatchObject({ isDrained: false, forced: { requests: 1, connections: 0 } });
  expect((await answer).json()).toMatchObject({ status: 503, code: "ERR_SERVER_STOPPING" });
});

it("what does not let go is destroyed", async () => {
  const server = await serve(httpRoute(() => new Promise(() => undefined)));
  const answer = ask(server).catch((error: unknown) => error);
  await until(() => server.stats.inFlight === 1);
  expect(await server.stop({ graceMs: 10, abortMs: 10 })).toMatchObject({ isDrained: false, forced: { requests: 1, connections: 1 } });
  expect(await answer).toMatchObject({ code: "ECONNRESET" });
});

it("ends endless streams at once, and lets others come to their end", async () => {
  let isOver = false;
  const rest = gate();
  async function* ticks(): AsyncGenerator<string, void> {
    try {
      for (;;) {
        yield "data: tick\n\n";
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      isOver = true;
    }
  }
  async function* file(): AsyncGenerator<string, void> {
    yield "first ";
    await rest.promise;
    yield "last";
  }
  const server = await serve({
    "/events": httpRoute(async () => reply(ticks(), { isEndless: true })),
    "/file": httpRoute(async () => reply(file())),
  });
  const events = ask(server, { path: "/events" });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const whole = ask(server, { path: "/file", agent });
  await until(() => server.stats.inFlight === 2);
  const stopped = server.stop({ graceMs: 60_000 });
  expect((await events).text).toContain("data: tick");
  await until(() => isOver);
  expect(server.stats.state).toBe("closing");
  rest.open();
  expect((await whole).text).toBe("first last");
  expect(await stopped).toMatchObject({ isDrained: true });
});

it("force ends a stop that is under way", async () => {
  const server = await serve(httpRoute(() => new Promise(() => undefined)));
  void ask(server).catch(() => undefined);
  await until(() => server.stats.inFlight === 1);
  const stopped = server.stop({ lameDuckMs: 60_000, graceMs: Infinity });
  server.force();
  expect(await stopped).toMatchObject({ isDrained: false, forced: { requests: 1, connections: 1 } });
});

it("a server that never started stops at once, and does not start any more", async () => {
  const server = await serve(httpRoute(async () => 1));
  await server.stop();
  expect(server.stop()).toBe(server.stop());
  await expect(server.start()).rejects.toThrow("the server is stopped and cannot start");
});

it("a port that is taken is told to whoever starts", async () => {
  const server = await serve(httpRoute(async () => 1));
  const { port } = new URL(server.url);
  await expect(serve(httpRoute(async () => 1), { port: Number(port) })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

it("leaves no listener on a connection nor on a signal after thousands of requests", async () => {
  const server = await serve(
    httpRoute(async (_: HttpRequest, { signal }: Call) => signal?.aborted),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const sockets = new Set<import("node:net").Socket>();
  server.node.on("request", (message) => sockets.add(message.socket));
  await ask(server, { agent });
  const counts = (): number[] => [...sockets].flatMap((socket) => socket.eventNames().map((name) => socket.listenerCount(name)));
  const before = counts();
  const many = connect({ port: Number(new URL(server.url).port), host: "127.0.0.1" });
  many.resume().write("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(3_000));
  await until(() => server.stats.answered === 3_001);
  await ask(server, { agent });
  expect(sockets.size).toBe(2);
  const [first] = [...sockets];
  expect([...(first?.eventNames() ?? [])].map((name) => first?.listenerCount(name))).toEqual(before);
  const [, piped] = [...sockets];
  expect(piped?.listenerCount("close")).toBe(first?.listenerCount("close"));
  many.destroy();
});

it("a head that comes drop by drop holds up no stop for longer than a head may take", async () => {
  const server = await serve(httpRoute(async () => 1), { headersTimeoutMs: 60 });
  const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\n");
  await until(() => server.stats.connections === 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const report = await server.stop({ graceMs: 60_000 });
  expect(report).toMatchObject({ isDrained: true, forced: { requests: 0, connections: 0 } });
  await wire.closed;
});

it("a stop during the start ends with no listener", async () => {
  const server = createHttpServer(httpRoute(async () => 1));
  const started = server.start();
  const report = await server.stop();
  expect([report.isDrained, server.node.listening, server.stats.state]).toEqual([true, false, "stopped"]);
  await started;
});

it("what has upgraded is left to what is attached, and both are waited for", async () => {
  const server = await serve(httpRoute(async () => 1), { headersTimeoutMs: 20 });
  const log: string[] = [];
  server.node.on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    const detach = server.attach({
      close: () => {
        log.push("close");
        setTimeout(() => {
          detach();
          socket.end();
        }, 60);
      },
      abort: () => log.push("abort"),
    });
  });
  server.attach({ close: () => undefined, abort: () => 0 });
  const wire = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
  await wire.until(/101/);
  const report = await server.stop({ graceMs: 60_000 });
  expect([report.isDrained, log]).toEqual([true, ["close"]]);
  expect(report.durationMs.grace).toBeGreaterThanOrEqual(50);
});
