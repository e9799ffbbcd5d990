import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { isRejected, type Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { StatusError } from "@breakwater/http";
import { createWebSocketFront } from "@breakwater/http/ws";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Metrics } from "@breakwater/metrics";
import { describe, expect, test, vi } from "vitest";
import { gate, until, Wire } from "../server/helpers.ts";
import { connect, refusal, serve, type Client } from "./servers.ts";

/** So that all of it is read when reading stops. */
function inOnePiece({ socket }: Client, send: () => void): void {
  const { _socket: stream } = socket as unknown as { readonly _socket: Socket }; // ws keeps it there
  stream.cork();
  send();
  stream.uncork();
}

const hangs = (_: unknown, { signal }: Call): Promise<never> => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

describe("calls", () => {
  test("each message is one call, and answers go by their ids, in the order in which they end", async () => {
    const first = gate<string>();
    const { url, front } = await serve(async (input) => (input === "slow" ? await first.promise : { doubled: Number(input) * 2 }));
    const client = await connect(url);
    client.send({ id: 1, input: "slow" }, { id: "b", input: 21 }, { id: 3 });
    await until(() => client.messages.length === 2);
    first.open("at last");
    await until(() => client.messages.length === 3);
    expect(client.messages).toEqual([
      { id: "b", output: { doubled: 42 } },
      { id: 3, output: { doubled: null } },
      { id: 1, output: "at last" },
    ]);
    expect(front.stats).toMatchObject({ connections: 1, inFlight: 0, answered: 3 });
  });

  test("answers of every length and in every script arrive as they were", async () => {
    const { url } = await serve(async (input) => input, { maxPayloadBytes: 10_000_000 });
    const client = await connect(url);
    const lengths = [0, 1, 100, 104, 105, 106, 107, 108, 109, 124, 125, 126, 127, 65_000, 65_513, 65_514, 65_515, 65_536, 70_000, 1_000_000];
    const inputs = ["x", "ü", "\u0000", "語", "😀"].flatMap((letter) => lengths.map((length) => letter.repeat(length)));
    for (const [id, input] of inputs.entries()) {
      client.send({ id, input });
      await until(() => client.messages.length === id + 1);
      if ((client.messages[id] as { readonly output: string }).output !== input) throw new Error(`${input.length} of ${input.slice(0, 1)}`);
    }
  });

  test("an answer of nothing is null", async () => {
    const { url } = await serve(async () => undefined);
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    expect(client.messages).toEqual([{ id: 1, output: null }]);
  });

  test("go through the same middlewares and limits as any other call of the service", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1, queueLimit: 0 });
    const work = gate();
    const greet = limiter.layer(async (name: string) => {
      await work.promise;
      return `hello ${name}`;
    });
    const { url } = await serve({ process: greet }, { decode: String });
    const [one, other] = [await connect(url), await connect(url)];
    one.send({ id: 1, input: "world" });
    await until(() => limiter.inUse === 1);
    other.send({ id: 1, input: "you" });
    await until(() => other.messages.length === 1);
    expect(other.messages).toMatchObject([{ id: 1, error: { status: 429, title: "Too Many Requests", code: "ERR_LIMITER_REJECTED", reason: "queue-full" } }]);
    work.open();
    await until(() => one.messages.length === 1);
    expect(one.messages).toEqual([{ id: 1, output: "hello world" }]);
  });

  test("have the deadline of their frame, and no longer than the front's own", async () => {
    const clock = new ManualClock(1_000);
    const seen: (number | undefined)[] = [];
    const { url } = await serve(async (_, call: Call) => seen.push(call.deadlineAt), { timeoutMs: 500, clock });
    const client = await connect(url);
    client.send({ id: 1, deadlineMs: 200 }, { id: 2, deadlineMs: 9_000 }, { id: 3 }, { id: 4, deadlineMs: 0 });
    await until(() => seen.length === 4);
    expect(seen).toEqual([1_200, 1_500, 1_500, 1_000]);
  });

  test("are aborted by a cancel, which gets no answer and frees the place when the work has let go", async () => {
    const reasons: unknown[] = [];
    const { url, front } = await serve(
      async (_, call: Call) => {
        await hangs(_, call).catch((reason: unknown) => reasons.push(reason));
        throw new Error("after a cancel nobody hears it");
      },
      { maxInFlight: 1 },
    );
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => front.stats.inFlight === 1);
    client.send({ id: 1, cancel: true }, { id: 7, cancel: true });
    await until(() => front.stats.inFlight === 0);
    expect([reasons, client.messages, front.stats.cancelled]).toMatchObject([[{ code: "ERR_CALL_CANCELLED" }], [], 1]);
  });

  test("are aborted when their client goes", async () => {
    const reasons: unknown[] = [];
    const { url, front } = await serve((_, call: Call) => hangs(_, call).catch((reason: unknown) => reasons.push(reason)));
    const client = await connect(url);
    client.send({ id: 1 }, { id: 2 });
    await until(() => front.stats.inFlight === 2);
    client.socket.terminate();
    await until(() => reasons.length === 2);
    expect([reasons, front.stats]).toMatchObject([[{ code: "ERR_CLIENT_GONE" }, { code: "ERR_CLIENT_GONE" }], { gone: 2, connections: 0, inFlight: 0 }]);
  });

  test("are gone with a client that has said goodbye, even if it keeps its side of the connection open", async () => {
    const work = gate();
    const { server, front } = await serve(() => work.promise, { closeTimeoutMs: 50 });
    const wire = new Wire(server, { allowHalfOpen: true });
    wire.send(`GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`);
    await wire.until(/101 Switching[^]*\r\n\r\n$/);
    wire.text = "";
    wire.send(Buffer.concat([Buffer.from([0x81, 0x88, 0, 0, 0, 0]), Buffer.from('{"id":1}')]));
    await until(() => front.stats.inFlight === 1);
    wire.send(Buffer.from([0x88, 0x80, 0, 0, 0, 0])); // close
    await until(() => wire.text === "\x88\x00");
    work.open();
    await until(() => front.stats.connections === 0);
    expect([wire.text, front.stats]).toMatchObject(["\x88\x00", { gone: 1, answered: 0, inFlight: 0 }]);
  });

  test("nothing of an unexpected error leaves the process but an id", async () => {
    const onError = vi.fn<(error: unknown, context: { readonly id: string }) => void>();
    const secret = new Error("password=hunter2");
    const { url, front } = await serve(() => Promise.reject(secret), { onError });
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    const id = onError.mock.calls[0]?.[1].id;
    expect(client.messages).toEqual([{ id: 1, error: { title: "Internal Server Error", status: 500, id } }]);
    expect([onError.mock.calls[0]?.[0], front.stats.failed]).toEqual([secret, 1]);
  });

  test("decode, priorityOf and encode, and what they throw is answered", async () => {
    const priorities: (number | undefined)[] = [];
    const { url } = await serve<number, number>(
      async (n, { priority }) => {
        priorities.push(priority);
        return n + 1;
      },
      {
        decode: (input, request) => {
          if (typeof input !== "number") throw new StatusError(400, "input must be a number", { reason: "input" });
          return input + Number(request.headers["x-add"]);
        },
        priorityOf: (input) => (input === 1 ? 0 : undefined),
        encode: (n) => {
          if (n > 100) throw new Error("too much");
          return { n };
        },
        onError: () => undefined,
      },
    );
    const client = await connect(url, { headers: { "x-add": "10" } });
    client.send({ id: 1, input: 1 }, { id: 2, input: "x" }, { id: 3, input: 1_000 });
    await until(() => client.messages.length === 3);
    expect(client.messages).toHaveLength(3);
    expect(client.messages).toContainEqual({ id: 1, output: { n: 12 } });
    expect(client.messages).toContainEqual({ id: 2, error: { title: "Bad Request", status: 400, code: "ERR_STATUS", reason: "input", detail: "input must be a number" } });
    expect(client.messages).toContainEqual({ id: 3, error: expect.objectContaining({ status: 500 }) as unknown });
    expect(priorities).toEqual([0, undefined]);
  });

  test("an output that cannot be written is an error of the service, not of the connection", async () => {
    const { url } = await serve(async () => 10n, { onError: () => undefined });
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    expect(client.messages).toMatchObject([{ id: 1, error: { status: 500 } }]);
  });

  test("the call's signal is made only when somebody looks, and survives a copy", async () => {
    const seen: unknown[] = [];
    const { url } = await serve(async (_, call: Call) => {
      const copy = { ...call };
      seen.push(copy.signal === call.signal, call.signal instanceof AbortSignal);
    });
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    expect(seen).toEqual([true, true]);
  });
});

describe("what is not the protocol ends the connection with the right code", () => {
  const cases: readonly (readonly [string, number, string | Buffer])[] = [
    ["binary", 1003, Buffer.from("{}")],
    ["no JSON", 1007, "{"],
    ["nothing", 1007, ""],
    ["no frame", 1008, "[]"],
    ["a frame without an id", 1008, '{"input":1}'],
    ["an id that is no number and no text", 1008, '{"id":{}}'],
    ["an id that is a book", 1008, JSON.stringify({ id: "x".repeat(129) })],
    ["a deadline that is none", 1008, '{"id":1,"deadlineMs":"soon"}'],
    ["a deadline before the beginning", 1008, '{"id":1,"deadlineMs":-1}'],
    ["a cancel that is none", 1008, '{"id":1,"cancel":false}'],
  ];
  test.each(cases)("%s: %i", async (_, code, data) => {
    const service = vi.fn(async () => 1);
    const { url, front } = await serve(service);
    const dropped: unknown[] = [];
    front.on("dropped", (event) => dropped.push(event.code));
    const client = await connect(url);
    client.socket.send(data, { binary: typeof data !== "string" });
    client.send({ id: 99 });
    expect((await client.closed).code).toBe(code);
    expect([service.mock.calls.length, dropped, front.stats.dropped]).toEqual([0, [code], 1]);
  });

  test("an id that is in use: 1008, and its call is aborted", async () => {
    const { url, front } = await serve(hangs);
    const client = await connect(url);
    client.send({ id: 1 }, { id: 1 });
    expect(await client.closed).toEqual({ code: 1008, reason: "the id is in use" });
    expect(front.stats).toMatchObject({ gone: 1, inFlight: 0 });
  });

  test("a message that is too long: 1009, and nothing of it is parsed", async () => {
    const { url, front } = await serve(async () => 1, { maxPayloadBytes: 1_000 });
    const client = await connect(url);
    client.send({ id: 1, input: "x".repeat(1_000) });
    expect((await client.closed).code).toBe(1009);
    expect(front.stats).toMatchObject({ dropped: 1, answered: 0, terminated: 0 });
  });

  test("text that is no UTF-8: 1007", async () => {
    const { url, server, front } = await serve(async () => 1);
    const wire = new Wire(server);
    wire.send(`GET ${new URL(url).pathname} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`);
    await wire.until(/101 Switching/);
    wire.send(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
    await until(() => wire.text.endsWith("\x88\x02\x03\xef")); // close, two bytes, 1007
    expect(front.stats.dropped).toBe(1);
  });

  test("a client that does not answer the goodbye is cut off after closeTimeoutMs", async () => {
    const { url, server, front } = await serve(async () => 1, { closeTimeoutMs: 20 });
    const wire = new Wire(server);
    wire.send(`GET ${new URL(url).pathname} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`);
    await wire.until(/101 Switching/);
    wire.send(Buffer.from([0x82, 0x80, 0, 0, 0, 0])); // binary, empty
    await wire.closed;
    await until(() => front.stats.connections === 0);
    expect(front.stats).toMatchObject({ dropped: 1, terminated: 1 });
  });
});

describe("limits of a connection", () => {
  test("above maxInFlight it is not read: no call is begun, none is lost, and order stays", async () => {
    const gates = Array.from({ length: 300 }, () => gate());
    const begun: number[] = [];
    const { url, front } = await serve<number, number>(
      async (n) => {
        begun.push(n);
        await gates[n]?.promise;
        return n;
      },
      { maxInFlight: 10, decode: Number },
    );
    const client = await connect(url);
    for (let n = 0; n < 300; n += 1) client.send({ id: n, input: n });
    await until(() => front.stats.inFlight === 10);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([begun.length, front.stats.inFlight]).toEqual([10, 10]);
    let most = 0;
    for (const { open } of gates) {
      open();
      most = Math.max(most, front.stats.inFlight);
      await Promise.resolve();
    }
    await until(() => client.messages.length === 300);
    expect([begun, most <= 10, front.stats.answered]).toEqual([gates.map((_, n) => n), true, 300]);
  });

  test("a flood is held by TCP, not in memory, and does not keep other connections waiting", async () => {
    const work = gate();
    const { url, front } = await serve(async (input) => (input === "quick" ? input : await work.promise), { maxInFlight: 5 });
    const [flood, other] = [await connect(url), await connect(url)];
    const text = "x".repeat(10_000);
    for (let n = 0; n < 5_000; n += 1) flood.send({ id: n, input: text }); // 50 MB
    await until(() => front.stats.inFlight === 5);
    other.send({ id: 1, input: "quick" });
    await until(() => other.messages.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(front.stats.waiting).toBeLessThan(20);
    expect(flood.socket.bufferedAmount).toBeGreaterThan(10_000_000);
    work.open();
    await until(() => flood.messages.length === 5_000);
    expect(front.stats).toMatchObject({ waiting: 0, inFlight: 0, answered: 5_001 });
  });

  test("a cancel of one that waits takes it out, and one that fails at once frees its place", async () => {
    const work = gate();
    const begun: unknown[] = [];
    const { url, front } = await serve(
      async (input) => {
        begun.push(input);
        await work.promise;
      },
      {
        maxInFlight: 1,
        decode: (input) => {
          if (typeof input === "number" && input > 1_000) throw new StatusError(400, "no");
          return input;
        },
      },
    );
    const client = await connect(url);
    inOnePiece(client, () => {
      client.send({ id: 1, input: 1 }, { id: 2, input: 2 }, { id: 3, input: 3 }, { id: 2, cancel: true });
      for (let n = 1_001; n < 1_100; n += 1) client.send({ id: n, input: n });
    });
    await until(() => front.stats.cancelled === 1);
    work.open();
    await until(() => client.messages.length === 101);
    expect([begun, front.stats.answered]).toEqual([[1, 3], 101]);
  });

  test("thousands that fail at once are worked off one after the other, not one inside the other", async () => {
    const work = gate();
    const onError = vi.fn();
    const { url, front } = await serve(() => work.promise, {
      maxInFlight: 1,
      onError,
      decode: (input) => {
        if (input === undefined) throw new StatusError(400, "no");
        return input;
      },
    });
    const client = await connect(url);
    inOnePiece(client, () => {
      client.send({ id: 1, input: 1 });
      for (let id = 2; id < 3_600; id += 1) client.send({ id });
    });
    await until(() => front.stats.waiting > 0);
    work.open();
    await until(() => client.messages.length === 3_599);
    expect([onError.mock.calls.length, front.stats.answered]).toEqual([0, 3_599]);
  });

  test("or each call above it is refused, with a time to come back", async () => {
    const work = gate();
    const { url, front } = await serve(() => work.promise, { maxInFlight: 1, whenFull: "refuse", retryAfterMs: 250 });
    const client = await connect(url);
    client.send({ id: 1 }, { id: 2 });
    await until(() => client.messages.length === 1);
    expect(client.messages).toEqual([{ id: 2, error: { title: "Too Many Requests", status: 429, code: "ERR_WEBSOCKET_REJECTED", reason: "in-flight", retryAfterMs: 250 } }]);
    work.open();
    await until(() => client.messages.length === 2);
    client.send({ id: 3 });
    await until(() => client.messages.length === 3);
    expect(front.stats).toMatchObject({ refused: 1, answered: 2 });
  });

  test("a slow reader is slowed down, and loses nothing", async () => {
    const text = "x".repeat(100_000);
    let begun = 0;
    const { url, front } = await serve(
      async () => {
        begun += 1;
        return text;
      },
      { highWaterBytes: 200_000, maxInFlight: 10 },
    );
    const client = await connect(url);
    client.socket.pause();
    for (let n = 0; n < 300; n += 1) client.send({ id: n });
    let before = -1;
    while (begun !== before) {
      before = begun;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(begun).toBeLessThan(300); // the kernel takes some megabytes, and then it stops
    client.socket.resume();
    await until(() => client.messages.length === 300);
    expect(front.stats).toMatchObject({ dropped: 0, answered: 300 });
  });

  test("one that takes nothing for too long is given up, with its calls", async () => {
    const { url, front } = await serve(async (input) => (input === "hang" ? await hangs(input, { signal: undefined }) : "x".repeat(20_000_000)), {
      highWaterBytes: 1_000,
      maxBufferedBytes: 100_000_000,
      stalledTimeoutMs: 30,
      closeTimeoutMs: 20,
    });
    const client = await connect(url);
    client.socket.pause();
    client.send({ id: 0, input: "hang" }, { id: 1 });
    await until(() => front.stats.connections === 0);
    expect(front.stats).toMatchObject({ dropped: 1, terminated: 1, gone: 1, inFlight: 0 });
  });

  test("one that lets too much come together is given up at once", async () => {
    const { url, front } = await serve(async () => "x".repeat(10_000_000), { maxBufferedBytes: 30_000_000, closeTimeoutMs: 20 });
    const dropped: unknown[] = [];
    front.on("dropped", (event) => dropped.push(event));
    const client = await connect(url);
    client.socket.pause();
    for (let n = 0; n < 20; n += 1) client.send({ id: n });
    await until(() => front.stats.connections === 0);
    expect(dropped).toEqual([{ code: 1013, reason: "the answers are not taken" }]);
  });

  test("and is told so, when it takes what there is after all", async () => {
    const { url, front } = await serve(async () => "x".repeat(10_000_000), { maxBufferedBytes: 30_000_000, closeTimeoutMs: 4_000 });
    const client = await connect(url);
    client.socket.pause();
    for (let n = 0; n < 10; n += 1) client.send({ id: n });
    await until(() => front.stats.dropped === 1);
    client.socket.resume();
    expect((await client.closed).code).toBe(1013);
    expect(front.stats).toMatchObject({ terminated: 0 });
  });
});

describe("the upgrade", () => {
  test("adds to each call what its hook answers, and types say so", async () => {
    const front = createWebSocketFront(async (_: unknown, call: Call & { readonly user: string }) => call.user, {
      upgrade: (request) => ({ user: String(request.headers["x-user"]) }),
    });
    const { url } = await serve(async (_: unknown, call: Call) => (call as Call & { readonly user: string }).user, {
      upgrade: async (request, { deadlineAt }) => ({ user: String(request.headers["x-user"]), isTimed: deadlineAt !== undefined }),
    });
    const client = await connect(url, { headers: { "x-user": "ann" } });
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    expect(client.messages).toEqual([{ id: 1, output: "ann" }]);
    expect(front.stats.connections).toBe(0);
    // @ts-expect-error -- nobody provides the user
    createWebSocketFront(async (_: unknown, call: Call & { readonly user: string }) => call.user, { upgrade: () => ({ name: "ann" }) });
  });

  test("is refused with the status that its hook throws, and nothing else of an error gets out", async () => {
    const onError = vi.fn();
    const errors: Error[] = [new StatusError(401, "who are you?", { headers: { "www-authenticate": "Basic" } }), new Error("secret")];
    const { url, front } = await serve(async () => 1, {
      onError,
      upgrade: () => {
        throw errors.shift() ?? new Error("no more");
      },
    });
    const refused: unknown[] = [];
    front.on("refused", ({ status }) => refused.push(status));
    expect(await refusal(url)).toMatchObject({ status: 401, headers: { "www-authenticate": "Basic", connection: "close" }, body: { detail: "who are you?" } });
    const hidden = await refusal(url);
    expect([hidden.status, JSON.stringify(hidden.body).includes("secret"), onError.mock.calls.length]).toEqual([500, false, 1]);
    expect([refused, front.stats.upgradesRefused, front.stats.connections]).toEqual([[401, 500], 2, 0]);
  });

  test("a hook that answers what each call has its own of, or nothing, is a mistake that is told", async () => {
    for (const adds of [{ signal: 1 }, { deadlineAt: 5 }, undefined]) {
      const onError = vi.fn();
      const { url } = await serve(async () => 1, { onError, upgrade: () => adds as object });
      expect((await refusal(url)).status).toBe(500);
      expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(TypeError);
    }
  });

  test("a hook that takes too long is aborted: 503", async () => {
    let signal: AbortSignal | undefined;
    const upgrade = (_: unknown, call: Call): Promise<object> => {
      signal = call.signal;
      return new Promise(() => undefined);
    };
    const { url } = await serve(async () => 1, { upgradeTimeoutMs: 20, upgrade });
    expect(await refusal(url)).toMatchObject({ status: 503, body: { reason: "upgrade-timeout" } });
    expect(signal?.aborted).toBe(true);
  });

  test("above maxConnections: 503 with Retry-After", async () => {
    const { url, front } = await serve(async () => 1, { maxConnections: 1 });
    const client = await connect(url);
    expect(await refusal(url)).toMatchObject({
      status: 503,
      headers: { "retry-after": "1", "content-type": "application/problem+json" },
      body: { code: "ERR_WEBSOCKET_REJECTED", reason: "connections", retryAfterMs: 1_000 },
    });
    client.socket.close();
    await until(() => front.stats.connections === 0);
    await connect(url);
  });

  test("pages of other origins may not connect, unless they are named", async () => {
    const { url } = await serve(async () => 1);
    const { host } = new URL(url);
    expect(await refusal(url, { origin: "https://evil.example" })).toMatchObject({ status: 403, body: { reason: "origin" } });
    expect((await refusal(url, { origin: "null" })).status).toBe(403);
    await connect(url, { origin: `https://${host}` });
    await connect(url);
    const named = await serve(async () => 1, { origins: ["https://shop.example"] });
    await connect(named.url, { origin: "https://shop.example" });
    expect((await refusal(named.url, { origin: `http://${host}` })).status).toBe(403);
    const any = await serve(async () => 1, { origins: "any" });
    await connect(any.url, { origin: "https://evil.example" });
    const asked = await serve(async () => 1, { origins: (origin, request) => origin.endsWith(".example") && request.url === "/" });
    await connect(asked.url, { origin: "https://a.example" });
    expect((await refusal(asked.url, { origin: "https://a.test" })).status).toBe(403);
  });

  test("is taken on its path only; several fronts share a server, and plain requests are none of theirs", async () => {
    const { server, url, front } = await serve(async () => "one", { path: "/one" });
    const other = createWebSocketFront(async () => "two", { path: "/two" });
    const detach = other.attach(server);
    expect(() => createWebSocketFront(async () => 1, { path: "/two" }).attach(server)).toThrow("upgrades on the path /two of this server are taken already");
    const [one, two] = [await connect(`${url}?a=1`), await connect(url.replace("/one", "/two"))];
    for (const client of [one, two]) client.send({ id: 1 });
    await until(() => one.messages.length + two.messages.length === 2);
    expect([one.messages, two.messages]).toEqual([[{ id: 1, output: "one" }], [{ id: 1, output: "two" }]]);
    expect((await refusal(url.replace("/one", "/three"))).status).toBe(404);
    expect(await (await fetch(server.url)).json()).toBe("over http");
    detach();
    detach();
    expect((await refusal(url.replace("/one", "/two"))).status).toBe(404);
    expect(front.stats).toMatchObject({ connections: 1, upgradesRefused: 0 });
  });

  test("what is no proper upgrade is answered by status, and leaves no connection", async () => {
    const { server, front } = await serve(async () => 1);
    for (const headers of ["upgrade: h2c", "upgrade: websocket", "upgrade: websocket\r\nsec-websocket-version: 12\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="]) {
      const wire = new Wire(server).send(`GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n${headers}\r\n\r\n`);
      await wire.closed;
      expect(wire.text).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(front.stats).toMatchObject({ connections: 0, upgradesRefused: 3 });
  });

  test("leaves what it does not know to others who listen", async () => {
    const server = createServer();
    const front = createWebSocketFront(async () => 1, { path: "/ours" });
    const detach = front.attach(server);
    server.on("upgrade", (request, socket) => {
      if (request.url === "/theirs") socket.end("HTTP/1.1 418 I'm a teapot\r\nconnection: close\r\n\r\n{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await refusal(`${url}/theirs`)).status).toBe(418);
    await connect(`${url}/ours`);
    await front.stop();
    detach();
    expect(server.listenerCount("upgrade")).toBe(1);
    server.close();
  });
});

describe("the heartbeat", () => {
  test("pings, and cuts off a client that gives no sign of life", async () => {
    const clock = new ManualClock();
    const { url, front } = await serve(async () => 1, { heartbeatMs: 1_000, clock });
    const [alive, dead] = [await connect(url), await connect(url, { autoPong: false })];
    let pings = 0;
    alive.socket.on("ping", () => (pings += 1));
    await clock.advanceAsync(1_000);
    await until(() => pings === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advanceAsync(1_000);
    expect(await dead.closed).toMatchObject({ code: 1006 });
    await until(() => front.stats.connections === 1);
    expect(front.stats).toMatchObject({ dropped: 1, terminated: 1 });
    expect(clock.pendingRefTimers).toBe(0);
    alive.socket.close();
    await until(() => front.stats.connections === 0);
    expect(clock.pendingTimers).toBe(0);
  });

  test("does not take one for dead that is not read at the moment", async () => {
    const clock = new ManualClock();
    const work = gate();
    const { url, front } = await serve(() => work.promise, { heartbeatMs: 1_000, maxInFlight: 1, clock });
    const client = await connect(url);
    client.send({ id: 1 }, { id: 2 }, { id: 3 });
    await until(() => front.stats.inFlight === 1);
    await clock.advanceAsync(5_000);
    expect(front.stats).toMatchObject({ connections: 1, dropped: 0 });
    work.open();
    await until(() => client.messages.length === 3);
  });
});

describe("options and measures", () => {
  test("options that cannot be are named", () => {
    const make = (options: object): (() => unknown) => () => createWebSocketFront(async () => 1, options);
    expect(make({ path: "chat" })).toThrow("path must begin with / and have no query, got chat");
    expect(make({ maxInFlight: 0 })).toThrow("maxInFlight must be a whole number from 1");
    expect(make({ whenFull: "drop" })).toThrow('whenFull must be "pause" or "refuse", got drop');
    expect(make({ maxBufferedBytes: 10, highWaterBytes: 20 })).toThrow("maxBufferedBytes must be a number from 20");
    expect(make({ origins: ["shop.example"] })).toThrow("origins must be like https://shop.example, got shop.example");
    expect(make({ origins: 5 })).toThrow("origins must be a function, got number");
    expect(make({ upgrade: true })).toThrow("upgrade must be a function");
    expect(make({ maxPayloadBytes: 0 })).toThrow("maxPayloadBytes must be a whole number from 1");
    expect(make({ statusOf: 1 })).toThrow("statusOf must be a function");
    expect(() => createWebSocketFront(undefined as never)).toThrow(TypeError);
  });

  test("calls are measured by outcome, connections and calls in flight by gauge, until it has stopped", async () => {
    const metrics = new Metrics();
    const { url, front } = await serve(async (input) => (input === "bad" ? await Promise.reject(new Error("bad")) : 1), { meter: metrics, name: "chat", onError: () => undefined });
    const client = await connect(url);
    client.send({ id: 1 }, { id: 2, input: "bad" });
    await until(() => client.messages.length === 2);
    const values = (): Record<string, unknown> =>
      Object.fromEntries(metrics.snapshot().metrics.flatMap(({ name, series }) => series.map(({ attributes, reading }) => [`${name} ${attributes.outcome ?? ""}`.trim(), reading])));
    expect(values()).toMatchObject({
      "breakwater.websocket.calls answered": 1,
      "breakwater.websocket.calls failed": 1,
      "breakwater.websocket.connections": 1,
      "breakwater.websocket.in_flight": 0,
    });
    await front.stop();
    expect(values()).not.toHaveProperty("breakwater.websocket.connections");
  });

  test("a meter that throws fails no call", async () => {
    const meter = { counter: () => ({ add: () => { throw new Error("meter"); } }), histogram: () => ({ record: () => undefined }), gauge: () => () => undefined };
    const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { url } = await serve(async () => 1, { meter });
    const client = await connect(url);
    client.send({ id: 1 });
    await until(() => client.messages.length === 1);
    expect(warning).toHaveBeenCalled();
    warning.mockRestore();
  });

  test("its refusals are of the one family", async () => {
    const { url, front } = await serve(async () => 1, { maxConnections: 1 });
    const errors: unknown[] = [];
    front.on("refused", ({ error }) => errors.push(error));
    await connect(url);
    await refusal(url);
    expect([isRejected(errors[0]), errors[0]]).toMatchObject([true, { code: "ERR_WEBSOCKET_REJECTED", reason: "connections", source: "websocket" }]);
  });
});
