import { Agent } from "node:http";
import type { Socket } from "node:net";
import { Readable, type Duplex } from "node:stream";
import { ManualClock } from "@breakwater/core/testing";
import { reply, StatusError } from "@breakwater/http";
import { httpRoute } from "@breakwater/http/node";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Exchange } from "../../src/node/exchange.ts";
import { IdleSweep } from "../../src/node/idle-sweep.ts";
import { Peer } from "../../src/node/peer.ts";
import { ask, gate, serve, until, Wire, type ServerOptions } from "./helpers.ts";

const get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

async function answered(options: ServerOptions = {}, answer: () => Promise<unknown> = () => Promise.resolve("yes")) {
  const clock = new ManualClock();
  const server = await serve(httpRoute(answer), { clock, keepAliveTimeoutMs: 4_000, ...options });
  const sockets: Socket[] = [];
  server.node.on("connection", (socket) => void sockets.push(socket));
  const bytesRead = (): number => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
  return { clock, server, bytesRead };
}

/** What was destroyed by now has closed. */
async function closedBy(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("a connection between two requests", () => {
  it("is kept for its time, and closed within a quarter more", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    await until(() => server.stats.inFlight === 0);
    for (let ms = 0; ms < 4_000; ms += 1_000) clock.advance(1_000);
    await closedBy();
    expect(server.stats.connections).toBe(1);
    clock.advance(1_000);
    await client.closed;
    await until(() => server.stats.connections === 0);
  });

  it("lives on while it is used", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server);
    for (let request = 1; request <= 4; request += 1) {
      client.send(get);
      await until(() => server.stats.answered === request);
      for (let ms = 0; ms < 3_000; ms += 1_000) clock.advance(1_000);
    }
    await closedBy();
    expect(server.stats.connections).toBe(1);
  });

  it("is not idle while its answer takes long, nor when a little of the next request has come", async () => {
    const { promise, open } = gate<string>();
    const { clock, server, bytesRead } = await answered({}, () => promise);
    const client = new Wire(server).send(get);
    await until(() => server.stats.inFlight === 1);
    for (let ms = 0; ms < 20_000; ms += 1_000) clock.advance(1_000);
    open("yes");
    await client.until(/yes/);
    await until(() => server.stats.inFlight === 0);
    for (let ms = 0; ms < 3_000; ms += 1_000) clock.advance(1_000);
    client.send("GET /");
    await until(() => bytesRead() > get.length);
    for (let ms = 0; ms < 3_000; ms += 1_000) clock.advance(1_000);
    await closedBy();
    expect(server.stats.connections).toBe(1);
    client.send(get.slice(5));
    await client.until(/yes.*yes/s);
  });

  it("is closed too when all that came behind its request were line breaks", async () => {
    const { clock, server, bytesRead } = await answered();
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    client.send("\r\n\r\n");
    await until(() => bytesRead() > get.length);
    for (let ms = 0; ms < 5_000; ms += 1_000) clock.advance(1_000);
    await client.closed;
  });

  it("is told how long it may be idle, unless it is to close", async () => {
    const { server } = await answered({ keepAliveTimeoutMs: 65_999 });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    expect((await ask(server, { agent })).headers).toMatchObject({ connection: "keep-alive", "keep-alive": "timeout=65" });
    const last = (await ask(server)).headers;
    expect([last.connection, last["keep-alive"]]).toEqual(["close", undefined]);
    const forEver = await answered({ keepAliveTimeoutMs: Infinity });
    expect((await ask(forEver.server, { agent })).headers["keep-alive"]).toBeUndefined();
    expect(forEver.clock.pendingTimers).toBe(0);
  });

  it("costs no timer once there is none, and keeps no process alive", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    client.socket.destroy();
    await until(() => server.stats.connections === 0);
    clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
    await new Wire(server).send(get).until(/yes/);
    expect(clock.pendingTimers).toBe(1);
    await server.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("a connection between two requests is not one", () => {
  it("that somebody has taken over, by an upgrade or a CONNECT, whether something is attached or not", async () => {
    const { clock, server } = await answered();
    const take = (greeting: string) => (_: unknown, socket: Duplex) => void socket.on("end", () => socket.end()).resume().write(greeting);
    server.node.on("upgrade", take("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"));
    server.node.on("connect", take("HTTP/1.1 200 OK\r\n\r\n"));
    const clients: Wire[] = [];
    const taken = ["GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n"];
    for (const request of taken) {
      const client = new Wire(server).send(get);
      await client.until(/yes/);
      client.send(request);
      await client.until(/yes.*HTTP/s);
      clients.push(client);
    }
    for (let ms = 0; ms < 10_000; ms += 1_000) clock.advance(1_000);
    await closedBy();
    expect(server.stats.connections).toBe(2);
    for (const { socket } of clients) socket.destroy();
    await until(() => server.stats.connections === 0);
  });

  it("whose request nobody understood: it is answered here, told how long it may be idle, and closed after that", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\nexpect: the impossible\r\n\r\n");
    await client.until(/nothing but 100-continue can be expected/);
    expect(client.text).toMatch(/^HTTP\/1.1 417 .*keep-alive: timeout=4\r\n/s);
    client.send(get);
    await client.until(/yes/);
    await until(() => server.stats.answered === 2);
    for (let ms = 0; ms < 5_000; ms += 1_000) clock.advance(1_000);
    await client.closed;
  });
});

it("somebody who listens for upgrades and ceases to leaves the server as it was: it answers them as plain requests", async () => {
  const { server } = await answered();
  const taken = (_: unknown, socket: { readonly end: () => unknown }): void => void socket.end();
  server.node.on("upgrade", taken).on("upgrade", taken);
  server.node.off("upgrade", taken).off("upgrade", taken);
  expect(server.node.listenerCount("upgrade")).toBe(0);
  server.node.once("upgrade", taken).removeAllListeners("upgrade");
  const client = new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
  await client.until(/yes/);
});

describe("an answer never says both that its connection is kept and that it closes", () => {
  const answers: Readonly<Record<string, () => unknown>> = {
    json: () => "yes",
    empty: () => undefined,
    text: () => reply("yes"),
    stream: () => reply(Readable.from(["y", "es"])),
    "chunked without a body": () => reply(undefined, { status: 204, headers: { "transfer-encoding": "chunked" } }),
    "own keep-alive": () => reply("yes", { headers: { "keep-alive": "timeout=5" } }),
    "own Keep-Alive": () => reply("yes", { headers: { "Keep-Alive": "timeout=5" } }),
    "own connection": () => reply("yes", { headers: { connection: "close" } }),
    "own Connection": () => reply("yes", { headers: { Connection: "close" } }),
    refused: () => Promise.reject(new StatusError(409, "no")),
  };
  const cases = Object.keys(answers).flatMap((name) => ["1.0", "1.1"].flatMap((version) => ["GET", "HEAD"].map((method) => ({ name, version, method }))));

  it.each(cases)("$method over HTTP/$version: $name", async ({ name, version, method }) => {
    const { server } = await answered({}, async () => answers[name]?.());
    const client = new Wire(server).send(`${method} / HTTP/${version}\r\nhost: a\r\nconnection: keep-alive\r\n\r\n`);
    await client.until(/\r\n\r\n/);
    const head = client.text.toLowerCase();
    const all = (pattern: RegExp): readonly (string | undefined)[] => [...head.matchAll(pattern)].map(([, value]) => value);
    const [kept, persistence] = [all(/^connection: (.*)\r$/gm), all(/^keep-alive: (.*)\r$/gm)];
    if (name.startsWith("own keep") || name.startsWith("own Keep")) expect([kept, persistence]).toEqual([["keep-alive"], ["timeout=5"]]);
    else if (kept[0] === "keep-alive") expect([kept, persistence]).toEqual([["keep-alive"], ["timeout=4"]]);
    else expect([kept, persistence]).toEqual([["close"], []]);
  });

  it("nor says anything where somebody has set Node's own limits", async () => {
    const { server } = await answered();
    server.node.maxRequestsPerSocket = 1;
    const last = new Wire(server).send(get);
    await last.until(/yes/);
    expect(last.text.toLowerCase()).not.toContain("keep-alive: timeout=4");
    server.node.maxRequestsPerSocket = 0;
    server.node.keepAliveTimeout = 7_000;
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    expect(client.text.toLowerCase()).toMatch(/^keep-alive: timeout=7/m);
    expect(client.text.toLowerCase()).not.toContain("timeout=4");
  });
});

interface Use {
  /** After the connection came, in ms. */
  readonly at: number;
  readonly takesMs: number;
  /** Some bytes of a head, and no more. */
  readonly isPartial: boolean;
}

const uses = fc.array(fc.record<Use>({ at: fc.nat(15_000), takesMs: fc.nat(6_000), isPartial: fc.boolean() }), { minLength: 1, maxLength: 6 });

it("whenever a connection comes, asks and is answered, it is not closed before its time, nor kept for more than a quarter longer", () => {
  fc.assert(
    fc.property(uses, fc.nat(2_000), (all, cameAt) => {
      const clock = new ManualClock();
      const peers = new Map<number, Peer>();
      const sweep = new IdleSweep(peers, clock, 4_000);
      let usedAt = 0;
      let closedAt: number | undefined;
      const requests: Exchange[] = [];
      const socket = {
        bytesRead: 0,
        destroy: () => {
          closedAt = clock.now();
          peers.delete(1);
        },
      };
      const peer = new Peer(socket as Partial<Socket> as Socket); // all that is asked of it
      clock.setTimer(() => {
        peers.set(1, peer);
        sweep.start();
      }, cameAt);
      for (const { at, takesMs, isPartial } of all) {
        clock.setTimer(() => {
          if (closedAt !== undefined) return;
          usedAt = clock.now();
          socket.bytesRead += 10;
          if (isPartial) return;
          const exchange = { over: () => undefined } as Partial<Exchange> as Exchange; // as above
          requests.push(exchange);
          peer.add(exchange);
          clock.setTimer(() => {
            peer.delete(exchange);
            usedAt = clock.now();
          }, takesMs);
        }, cameAt + at);
      }
      for (let ms = 0; ms < 40_000; ms += 50) clock.advance(50);
      if (requests.length === 0) expect(closedAt).toBeUndefined(); // the time of a head ends that
      else {
        expect(closedAt).toBeGreaterThanOrEqual(usedAt + 4_000);
        expect(closedAt).toBeLessThanOrEqual(usedAt + 5_000);
      }
    }),
  );
});
