import type { Call } from "@breakwater/core";
import { httpRoute, reply, type HttpRequest } from "@breakwater/http/node";
import { describe, expect, it } from "vitest";
import { ask, gate, serve, until, Wire } from "./helpers.ts";

const get = (path: number | string): string => `GET /${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const many = (count: number): string => Array.from({ length: count }, (_, index) => get(index)).join("");

describe("a pipeline", () => {
  it("has four of its requests served at a time, begun and answered in their order", async () => {
    const begun: string[] = [];
    const gates: ReturnType<typeof gate<string>>[] = [];
    const server = await serve(
      httpRoute(({ path }: HttpRequest) => {
        begun.push(path);
        const answer = gate<string>();
        gates.push(answer);
        return answer.promise;
      }),
    );
    const wire = new Wire(server).send(many(10));
    await until(() => server.stats.inFlight === 10);
    expect(begun).toEqual(["/0", "/1", "/2", "/3"]);
    gates[1]?.open("one"); // is ready, and not out
    gates[0]?.open("zero");
    await until(() => begun.length === 6);
    for (let index = 2; index < 10; index += 1) {
      await until(() => gates.length > index);
      gates[index]?.open(`number ${index}`);
    }
    await wire.until(/"number 9"/);
    expect(begun).toEqual(Array.from({ length: 10 }, (_, index) => `/${index}`));
    expect(wire.text.match(/"(zero|one|number \d)"/g)).toEqual(['"zero"', '"one"', ...Array.from({ length: 8 }, (_, index) => `"number ${index + 2}"`)]);
    expect(server.stats).toMatchObject({ answered: 10, inFlight: 0 });
  });

  it("goes on without end as long as its client reads the answers", async () => {
    const server = await serve(httpRoute(async ({ path }: HttpRequest) => path));
    const wire = new Wire(server);
    let sent = 0;
    while (sent < 5_000) {
      wire.send(many(100));
      sent += 100;
      await until(() => server.stats.answered > sent - 100);
    }
    await until(() => server.stats.answered === 5_000);
    wire.send(`POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`);
    await wire.closed;
    expect(server.stats).toMatchObject({ answered: 5_001, inFlight: 0, connections: 0 });
  });

  it("may have a large body behind those that wait", async () => {
    const first = gate<number>();
    const server = await serve(httpRoute(async ({ path, body }: HttpRequest) => (path === "/first" ? first.promise : body === undefined ? 0 : (body as string[]).length)));
    const body = JSON.stringify(Array.from({ length: 100_000 }, () => "x"));
    const wire = new Wire(server).send(`${get("first")}${many(8)}POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await until(() => server.stats.inFlight === 10);
    first.open(1);
    await wire.until(/100000$/);
    expect(server.stats).toMatchObject({ answered: 10, inFlight: 0 });
  });

  it("that gets no answers is not read on", async () => {
    const server = await serve(httpRoute(() => new Promise(() => undefined)));
    new Wire(server).send(many(50_000));
    await until(() => server.stats.inFlight > 1_000);
    for (let turn = 0; turn < 50; turn += 1) expect((await ask(server, { path: "/", method: "DELETE" })).status).toBe(405);
    expect(server.stats.inFlight).toBeLessThan(4_100); // a piece of input, and maybe the one behind it
    expect(server.stats.connections).toBe(1);
  });

  it("of large answers that nobody reads holds a few, and is cut off in time", async () => {
    let made = 0;
    const server = await serve(
      httpRoute(async () => {
        made += 1;
        return reply(new Uint8Array(4 * 1_048_576));
      }),
      { stalledTimeoutMs: 200 },
    );
    const wire = new Wire(server);
    wire.socket.pause();
    wire.send(many(100));
    await until(() => server.stats.connections === 1);
    expect((await ask(server)).status).toBe(200);
    await until(() => server.stats.connections === 0);
    expect(made).toBeLessThan(20); // those that the kernel took, and four
  });

  it.each([
    ["small", 1_000, 10_000],
    ["large", 150_000, 40],
  ])("of %s answers that nobody reads is cut off, wherever in an answer the kernel stops taking", async (_, length, count) => {
    const server = await serve(httpRoute(async () => "x".repeat(length)), { stalledTimeoutMs: 100 });
    let taken = 0;
    server.node.on("connection", () => (taken += 1));
    // Each stops somewhere else: what one has taken before shifts it.
    const wires = Array.from({ length: 12 }, (_unused, index) => {
      const wire = new Wire(server);
      wire.socket.pause();
      return wire.send(get("x".repeat(index)).repeat(count));
    });
    await until(() => taken === 12); // the first may be cut off before the last has come
    await until(() => {
      for (const wire of wires) if (length > 1_000 && wire.socket.writable) wire.send(get(1)); // until the kernel has had enough
      return server.stats.connections === 0;
    });
    expect(server.stats.inFlight).toBe(0);
  }, 20_000);

  it("tells no error of a call that ends because its client went", async () => {
    const server = await serve(
      httpRoute((_: HttpRequest, call: Call) => new Promise((_resolve, reject) => call.signal?.addEventListener("abort", () => reject(call.signal?.reason)))),
      { onError: (error) => expect.fail(`reported: ${String(error)}`) },
    );
    const wire = new Wire(server).send(many(3));
    await until(() => server.stats.inFlight === 3);
    wire.socket.destroy();
    await until(() => server.stats.gone === 3);
  });
});

describe("who is refused in the middle of a head", () => {
  it("gets to read why, though 10 MB more are under way", async () => {
    const server = await serve(httpRoute(async () => 1));
    for (let round = 0; round < 10; round += 1) {
      const wire = new Wire(server).send(`GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(10 * 1_048_576)}`);
      await wire.closed;
      expect(wire.text).toMatch(/^HTTP\/1\.1 431 .*\}$/s);
    }
    expect(server.stats.malformed).toBe(10);
    await until(() => server.stats.connections === 0);
  });

  it("is cut off when it goes on sending", async () => {
    const server = await serve(httpRoute(async () => 1));
    const wire = new Wire(server, { allowHalfOpen: true }).send("nonsense\r\n\r\n");
    const more = setInterval(() => wire.send("x".repeat(1_000)), 10);
    await wire.closed;
    clearInterval(more);
    expect(wire.text).toMatch(/^HTTP\/1\.1 400 /);
    await until(() => server.stats.connections === 0);
    expect(server.stats.malformed).toBe(1);
  });
});
