import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Call } from "@breakwater/core";
import { createHttpServer, drain } from "@breakwater/http/node";
import { createWebSocketFront, ResilientSocket, type WebSocketFront } from "@breakwater/http/ws";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { gate, until, Wire } from "../server/helpers.ts";
import { connect, refusal, serve } from "./servers.ts";

const handshake = `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`;

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => server.close().closeAllConnections());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("node's own close never ends behind a WebSocket; this one ends with the work, and the last word is 1001", async () => {
  const plain = createServer();
  const sockets = new WebSocketServer({ server: plain });
  const idle = await connect(await listen(plain));
  const work = gate<string>();
  const { url, server, front } = await serve(() => work.promise);
  const client = await connect(url);
  client.send({ id: 1 });
  await until(() => front.stats.inFlight === 1);
  let isPlainClosed = false;
  plain.close(() => (isPlainClosed = true)).closeAllConnections();
  const stopped = server.stop({ graceMs: 60_000 });
  work.open("done");
  expect(await stopped).toMatchObject({ isDrained: true, forced: { requests: 0, connections: 0 } });
  expect(await client.closed).toEqual({ code: 1001, reason: "the server stops" });
  expect(client.messages).toEqual([{ goaway: true }, { id: 1, output: "done" }]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isPlainClosed).toBe(false);
  idle.socket.terminate();
  sockets.close();
});

test("what arrives after the goaway is answered as not begun, and what was begun is answered", async () => {
  const work = gate<string>();
  const begun: unknown[] = [];
  const { url, front } = await serve(async (input) => {
    begun.push(input);
    return await work.promise;
  });
  const client = await connect(url);
  client.send({ id: 1, input: "begun" });
  await until(() => front.stats.inFlight === 1);
  front.close();
  client.send({ id: 2, input: "too late" });
  await until(() => client.messages.length === 2);
  work.open("done");
  expect((await client.closed).code).toBe(1001);
  const refused = { title: "Service Unavailable", status: 503, code: "ERR_WEBSOCKET_REJECTED", reason: "draining", retryAfterMs: 1_000 };
  expect(client.messages).toEqual([{ goaway: true }, { id: 2, error: refused }, { id: 1, output: "done" }]);
  await until(() => front.stats.connections === 0);
  expect([begun, front.stats]).toMatchObject([["begun"], { answered: 1, refused: 1, gone: 0 }]);
});

test("a request that crosses the goaway on its way is answered as well, before the 1001", async () => {
  const { url, front } = await serve(async () => 1);
  const client = await connect(url);
  await until(() => front.stats.connections === 1);
  client.send({ id: 1 });
  front.close();
  expect((await client.closed).code).toBe(1001);
  expect(client.messages).toMatchObject([{ goaway: true }, { id: 1, error: { reason: "draining" } }]);
});

test("calls that were read but had no place are answered as not begun", async () => {
  const work = gate();
  const { url, front } = await serve(() => work.promise, { maxInFlight: 1 });
  const client = await connect(url);
  for (let id = 0; id < 50; id += 1) client.send({ id });
  await until(() => front.stats.inFlight === 1);
  front.close();
  await until(() => client.messages.length === 50);
  work.open();
  await client.closed;
  expect(front.stats).toMatchObject({ answered: 1, refused: 49 });
});

test("a client that answers neither ping nor goodbye delays the stop by no more than closeTimeoutMs for each", async () => {
  const { server, front } = await serve(async () => 1, { closeTimeoutMs: 20 });
  const wire = new Wire(server).send(handshake);
  await wire.until(/101 Switching/);
  expect(await server.stop({ graceMs: 60_000 })).toMatchObject({ isDrained: true });
  await wire.closed;
  expect(front.stats).toMatchObject({ terminated: 1, connections: 0 });
});

test("after the grace the calls are aborted with a reason, which the clients are still told", async () => {
  const { url, server, front } = await serve((_, { signal }: Call) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))));
  const client = await connect(url);
  client.send({ id: 1 });
  await until(() => front.stats.inFlight === 1);
  expect(await server.stop({ graceMs: 20, abortMs: 60_000 })).toMatchObject({ isDrained: false, forced: { requests: 1, connections: 0 } });
  expect((await client.closed).code).toBe(1001);
  expect(client.messages.at(-1)).toMatchObject({ id: 1, error: { status: 503, code: "ERR_SERVER_STOPPING" } });
});

test("what does not let go is destroyed, and reported", async () => {
  const { url, server, front } = await serve(() => new Promise(() => undefined));
  const client = await connect(url);
  client.send({ id: 1 }, { id: 2 });
  await until(() => front.stats.inFlight === 2);
  expect(await server.stop({ graceMs: 10, abortMs: 10 })).toMatchObject({ isDrained: false, forced: { requests: 2, connections: 1 } });
  expect((await client.closed).code).toBe(1006);
  expect(front.stats).toMatchObject({ gone: 2, connections: 0, inFlight: 0 });
});

test("on a server of node:http it stops by itself, as a part of a drain, and reports", async () => {
  const server = createServer();
  const work = gate();
  const front = createWebSocketFront(() => work.promise);
  front.attach(server);
  const url = await listen(server);
  const client = await connect(url);
  client.send({ id: 1 });
  await until(() => front.stats.inFlight === 1);
  const events: unknown[] = [];
  front.on("stopping", (event) => events.push(event));
  front.on("stopped", (event) => events.push(event));
  const drained = drain([front]);
  expect(await refusal(url)).toMatchObject({ status: 503, body: { code: "ERR_WEBSOCKET_REJECTED", reason: "draining" } });
  work.open();
  const report = await drained;
  expect(report).toMatchObject({ isDrained: true, parts: [{ name: "websocket", outcome: "drained", report: { isDrained: true, forced: { calls: 0, connections: 0 } } }] });
  expect(events).toEqual([{ connections: 1, inFlight: 1 }, report.parts[0]?.report]);
  expect(front.stop()).toBe(front.stop());
});

test("force ends a stop that is under way, and one without connections ends at once", async () => {
  const server = createServer();
  const front = createWebSocketFront(() => new Promise(() => undefined));
  front.attach(server);
  const client = await connect(await listen(server));
  client.send({ id: 1 });
  await until(() => front.stats.inFlight === 1);
  const stopped = front.stop({ graceMs: Infinity });
  front.force();
  expect(await stopped).toMatchObject({ isDrained: false, forced: { calls: 1, connections: 1 } });
  expect((await client.closed).code).toBe(1006);
  expect(await createWebSocketFront(async () => 1).stop()).toMatchObject({ isDrained: true });
});

test("an upgrade that is being decided when the stop begins is refused", async () => {
  const decision = gate<object>();
  const asked = gate();
  const { url, server } = await serve(async () => 1, {
    upgrade: () => {
      asked.open();
      return decision.promise;
    },
  });
  const refused = refusal(url);
  await asked.promise;
  const stopped = server.stop();
  decision.open({});
  expect(await refused).toMatchObject({ status: 503, body: { reason: "draining" } });
  expect(await stopped).toMatchObject({ isDrained: true });
});

test("a rolling restart under load: no request fails, none is done twice, and every one that is answered was done", async () => {
  const done = new Map<number, number>();
  const fronts: WebSocketFront[] = [];
  const start = async (port = 0): Promise<{ readonly port: number; readonly stop: () => Promise<unknown> }> => {
    const server = createHttpServer({ process: async () => 1 }, { port });
    const front = createWebSocketFront<number, number>(
      async (n) => {
        await new Promise((resolve) => setTimeout(resolve, n % 5));
        done.set(n, (done.get(n) ?? 0) + 1);
        return n;
      },
      { maxInFlight: 8, decode: Number },
    );
    front.attach(server);
    fronts.push(front);
    await server.start();
    return { port: Number(new URL(server.url).port), stop: () => server.stop({ graceMs: 60_000 }) };
  };
  const servers = [await start(), await start()];
  let turn = 0;
  const address = (): string => `ws://127.0.0.1:${servers[(turn += 1) % 2]?.port}`;
  const sockets = Array.from({ length: 6 }, () => new ResilientSocket(address, { backoff: () => 5 }));
  for (const socket of sockets) void socket.connect();

  let asked = 0;
  let isOver = false;
  const failures: unknown[] = [];
  const load = async (socket: ResilientSocket): Promise<void> => {
    while (!isOver) {
      const n = (asked += 1);
      await socket.request(n).then(
        (answer) => {
          if (answer !== n || done.get(n) !== 1) failures.push([n, answer, done.get(n)]);
        },
        (error: unknown) => failures.push(error),
      );
    }
  };
  const loads = sockets.flatMap((socket) => Array.from({ length: 20 }, () => load(socket)));
  for (let round = 0; round < 6; round += 1) {
    const before = asked;
    await until(() => asked > before + 500);
    const old = servers[round % 2];
    if (old === undefined) throw new Error("there are two");
    // Its clients go to the other one, as a balancer would send them; the new one takes its place.
    const stopped = old.stop();
    servers[round % 2] = await start();
    expect(await stopped).toMatchObject({ isDrained: true });
  }
  isOver = true;
  await Promise.all(loads);
  expect(failures).toEqual([]);
  expect([...done.values()].every((count) => count === 1)).toBe(true);
  expect(done.size).toBe(asked);
  expect(sockets.every(({ stats }) => stats.lost === 0 && stats.connects > 1)).toBe(true);
  expect(fronts.reduce((sum, { stats }) => sum + stats.answered, 0)).toBe(asked);
  expect(fronts.reduce((sum, { stats }) => sum + stats.gone, 0)).toBe(0);
  await Promise.all(sockets.map((socket) => socket.close()));
  await Promise.all(servers.map(({ stop }) => stop()));
}, 30_000);
