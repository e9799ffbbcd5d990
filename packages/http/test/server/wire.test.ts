import { httpRoute, type HttpRequest } from "@breakwater/http/node";
import { describe, expect, it } from "vitest";
import { ask, gate, serve, until, Wire } from "./helpers.ts";

const post = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";

describe("bytes that are no request", () => {
  it.each<[string, string | Uint8Array, number]>([
    ["a length and a coding, as smugglers send them", `${post}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ["two lengths", `${post}content-length: 3\r\ncontent-length: 4\r\n\r\n123`, 400],
    ["a length that is no number", `${post}content-length: 3x\r\n\r\n123`, 400],
    ["a chunk without a size", `${post}transfer-encoding: chunked\r\n\r\nxyz\r\n`, 400],
    ["a flood of chunk extensions", `${post}transfer-encoding: chunked\r\n\r\n1;${"x".repeat(100_000)}\r\n1\r\n0\r\n\r\n`, 413],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["a space in a field's name", "GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400],
    ["a NUL in a field", "GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", 400],
    ["a head of too many fields", `GET / HTTP/1.1\r\nhost: a\r\n${"x: y\r\n".repeat(9_000)}\r\n`, 431],
    ["a target that is too long", `GET /${"x".repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
    ["TLS", Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x0d, 0x0a), 400],
    ["HTTP/2 by itself", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ])("%s gets its status, and the connection ends", async (_, bytes, status) => {
    let asked = 0;
    const server = await serve(httpRoute(async () => (asked += 1)));
    const wire = new Wire(server).send(bytes);
    await wire.closed;
    expect(wire.text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(asked).toBe(0);
    await until(() => server.stats.connections === 0);
  });

  it("a method that nobody knows is refused", async () => {
    const server = await serve(httpRoute(async () => 1));
    const wire = new Wire(server).send("BREW / HTTP/1.1\r\nhost: a\r\n\r\n");
    await wire.closed;
    expect(wire.text).toMatch(/^HTTP\/1\.1 400 /);
    const tunnel = new Wire(server).send("CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n");
    await tunnel.closed;
    expect(tunnel.text).toBe("");
  });
});

describe("clients that are slow, or leave", () => {
  it("half of a connection closed in the middle of a body ends it, and the service is never asked", async () => {
    let asked = 0;
    const server = await serve(httpRoute(async () => (asked += 1)));
    const wire = new Wire(server, { allowHalfOpen: true }).send(`${post}content-length: 100\r\n\r\n[1,`);
    await until(() => server.stats.inFlight === 1);
    wire.socket.end();
    await wire.closed;
    await until(() => server.stats.connections === 0);
    expect([asked, server.stats.inFlight]).toEqual([0, 0]);
  });

  it("hundreds of slow heads are cut off in time, and others are served meanwhile", async () => {
    const server = await serve(httpRoute(async () => "served"), { headersTimeoutMs: 150, checkIntervalMs: 20 });
    const slow = Array.from({ length: 300 }, () => new Wire(server).send("GET / HTTP/1.1\r\nhost: a\r\nx: "));
    await until(() => server.stats.connections === 300);
    const drip = setInterval(() => {
      for (const wire of slow) if (wire.socket.writable) wire.send("y");
    }, 20);
    expect((await ask(server)).text).toBe('"served"');
    await Promise.all(slow.map(({ closed }) => closed));
    clearInterval(drip);
    expect(slow.every(({ text }) => text === "" || text.startsWith("HTTP/1.1 408 "))).toBe(true);
    await until(() => server.stats.connections === 0);
    expect(server.stats).toMatchObject({ answered: 1, inFlight: 0 });
  });

  it("connections beyond the limit are closed as they come, and those that are there are served", async () => {
    const server = await serve(httpRoute(async () => 1), { maxConnections: 2 });
    const [first, second] = [new Wire(server), new Wire(server)];
    await until(() => server.stats.connections === 2);
    const third = new Wire(server);
    await third.closed;
    second.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await second.closed;
    expect(second.text).toMatch(/^HTTP\/1\.1 200 /);
    first.socket.destroy();
  });

  it("a pipeline of thousands behind one that waits is answered in order, and what is behind it garbage ends it", async () => {
    const first = gate<string>();
    const server = await serve(httpRoute(async ({ path }: HttpRequest) => (path === "/first" ? first.promise : path)));
    const wire = new Wire(server).send(`GET /first HTTP/1.1\r\nhost: a\r\n\r\n${"GET /n HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2_000)}`);
    await until(() => server.stats.inFlight >= 1_000);
    first.open("first");
    await until(() => server.stats.answered === 2_001);
    await wire.until(/"\/n"/);
    expect(wire.text.indexOf('"first"')).toBeGreaterThan(0);
    expect(wire.text.indexOf('"first"')).toBeLessThan(wire.text.indexOf('"/n"'));
    const other = new Wire(server).send(`GET /n HTTP/1.1\r\nhost: a\r\n\r\n${"\x01".repeat(10)}\r\n\r\n`);
    await other.closed;
    expect(server.stats).toMatchObject({ malformed: 1, inFlight: 0 });
  });
});
