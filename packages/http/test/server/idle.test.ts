import { Agent } from "node:http";
import { ManualClock } from "@breakwater/core/testing";
import { httpRoute } from "@breakwater/http/node";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { IdleSweep } from "../../src/node/idle-sweep.ts";
import type { Peer } from "../../src/node/peer.ts";
import { ask, gate, serve, until, Wire, type ServerOptions } from "./helpers.ts";

const get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

async function answered(options: ServerOptions = {}, answer: () => Promise<unknown> = () => Promise.resolve("yes")) {
  const clock = new ManualClock();
  const server = await serve(httpRoute(answer), { clock, keepAliveTimeoutMs: 4_000, ...options });
  return { clock, server };
}

/** The server has noticed whatever has happened by now. */
const noticed = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("a connection between two requests", () => {
  it("is kept for its time, and closed within a quarter more", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    await until(() => server.stats.inFlight === 0);
    for (let ms = 0; ms < 4_000; ms += 1_000) clock.advance(1_000);
    await noticed();
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
    await noticed();
    expect(server.stats.connections).toBe(1);
  });

  it("is not idle while its answer takes long, nor when a little of the next request has come", async () => {
    const { promise, open } = gate<string>();
    const { clock, server } = await answered({}, () => promise);
    const client = new Wire(server).send(get);
    await until(() => server.stats.inFlight === 1);
    for (let ms = 0; ms < 20_000; ms += 1_000) clock.advance(1_000);
    open("yes");
    await client.until(/yes/);
    await until(() => server.stats.inFlight === 0);
    for (let ms = 0; ms < 3_000; ms += 1_000) clock.advance(1_000);
    client.send("GET /");
    await noticed();
    for (let ms = 0; ms < 3_000; ms += 1_000) clock.advance(1_000);
    await noticed();
    expect(server.stats.connections).toBe(1);
    client.send(get.slice(5));
    await client.until(/yes.*yes/s);
  });

  it("is closed too when all that came behind its request were line breaks", async () => {
    const { clock, server } = await answered();
    const client = new Wire(server).send(get);
    await client.until(/yes/);
    client.send("\r\n\r\n");
    await noticed();
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

it("whenever connections come and are used, none is closed before its time, and none kept for more than a quarter longer", () => {
  const uses = fc.array(fc.nat(9_000), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(uses, { minLength: 1, maxLength: 4 }), (all) => {
      const clock = new ManualClock();
      const peers = new Map<number, Peer>();
      const sweep = new IdleSweep(peers, clock, 4_000);
      const ends = new Map<number, { readonly idleMs: number }>();
      all.forEach((times, key) => {
        let usedAt = 0;
        let looks = 0;
        const peer = {
          look: () => (looks += 1),
          socket: {
            destroy: () => {
              peers.delete(key);
              ends.set(key, { idleMs: clock.now() - usedAt });
            },
          },
        };
        const [first = 0, ...more] = times.sort((a, b) => a - b);
        const use = (): void => {
          usedAt = clock.now();
          looks = 0;
        };
        clock.setTimer(() => {
          use();
          peers.set(key, peer as Partial<Peer> as Peer); // all that the sweep asks of it
          sweep.start();
        }, first);
        for (const at of more) clock.setTimer(() => peers.has(key) && use(), at);
      });
      for (let ms = 0; ms < 20_000; ms += 100) clock.advance(100);
      expect(ends.size).toBe(all.length);
      for (const { idleMs } of ends.values()) {
        expect(idleMs).toBeGreaterThanOrEqual(4_000);
        expect(idleMs).toBeLessThanOrEqual(5_000);
      }
      expect(clock.pendingTimers).toBe(0);
    }),
  );
});
