import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ResilientSocket, type ResilientSocketOptions } from "@breakwater/http/ws";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer, type ServerOptions, type WebSocket as Peer } from "ws";
import { until } from "../server/helpers.ts";
import { serve } from "./servers.ts";

interface Foreign {
  readonly url: string;
  readonly peers: Peer[];
  /** What came, connection by connection. */
  readonly heard: string[][];
}

/** A server that is not ours, and does as the test says. */
async function foreign(options: ServerOptions = {}): Promise<Foreign> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, ...options });
  const peers: Peer[] = [];
  const heard: string[][] = [];
  sockets.on("connection", (peer) => {
    const own: string[] = [];
    peers.push(peer);
    heard.push(own);
    peer.on("message", (data: Buffer) => own.push(data.toString()));
  });
  await once(http.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const peer of peers) peer.terminate();
    sockets.close();
    http.close().closeAllConnections();
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, peers, heard };
}

function socketTo(url: string, options: ResilientSocketOptions = {}): ResilientSocket {
  const socket = new ResilientSocket(url, { backoff: () => 1, ...options });
  onTestFinished(async () => {
    await socket.close({ graceMs: 0, goodbyeMs: 0 });
  });
  return socket;
}

test("connects with ws by itself, subscribes anew after each loss, and sends what waited", async () => {
  const { url, peers, heard } = await foreign();
  const socket = socketTo(url, { onOpen: (connection) => connection.send("subscribe") });
  socket.send("first");
  await socket.connect();
  await until(() => heard[0]?.length === 2);
  // In the very moment: it is connected again before anybody who asks now and then sees it.
  const off = socket.on("disconnected", () => {
    off();
    socket.send("second");
  });
  peers[0]?.terminate();
  await until(() => heard[1]?.length === 2);
  expect([heard, socket.stats.connects]).toEqual([[["subscribe", "first"], ["subscribe", "second"]], 2]);
});

test("receives text and bytes", async () => {
  const { url, peers } = await foreign();
  const socket = socketTo(url);
  const received: unknown[] = [];
  socket.on("received", ({ data }) => received.push(data));
  await socket.connect();
  await until(() => peers.length === 1);
  peers[0]?.send("text");
  peers[0]?.send(Buffer.from([1, 2]));
  await until(() => received.length === 2);
  expect([received[0], [...(received[1] as Uint8Array)]]).toEqual(["text", [1, 2]]);
});

test("a server that vanishes without a goodbye is found out by the heartbeat", async () => {
  const { url, peers } = await foreign({ autoPong: false });
  const socket = socketTo(url, { heartbeat: { intervalMs: 10, timeoutMs: 10 } });
  await socket.connect();
  await until(() => peers.length > 2);
  expect(socket.stats.connects).toBeGreaterThan(1);
});

test("one that answers pings is left in peace", async () => {
  const { url, peers } = await foreign();
  const socket = socketTo(url, { heartbeat: { intervalMs: 5, timeoutMs: 300 } });
  await socket.connect();
  let pings = 0;
  peers[0]?.on("ping", () => (pings += 1));
  await until(() => pings > 1);
  expect([peers.length, socket.stats.connects]).toEqual([1, 1]);
});

test("the error of a handshake that is refused, and of a port where nobody listens, is told", async () => {
  const { url } = await foreign({ verifyClient: (_, done) => done(false, 401) });
  const causes: unknown[] = [];
  for (const address of [url, "ws://127.0.0.1:1"]) {
    const socket = socketTo(address, { attempts: 1 });
    socket.on("closed", ({ cause }) => causes.push(cause));
    await expect(socket.connect()).rejects.toMatchObject({ code: "ERR_SOCKET_REJECTED", reason: "closed" });
  }
  expect(causes).toMatchObject([{ message: "Unexpected server response: 401" }, { code: "ECONNREFUSED" }]);
});

test("a request is answered by a front, with errors, deadlines and cancels", async () => {
  const reasons: unknown[] = [];
  const { url, front } = await serve(async (input, { signal, deadlineAt }) => {
    if (input === "hang") return await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(reasons.push(signal.reason) && signal.reason)));
    if (input === "fail") throw new Error("secret");
    return { input, hasDeadline: deadlineAt !== undefined };
  }, { onError: () => undefined });
  const socket = socketTo(url);
  void socket.connect();
  expect(await socket.request("x")).toEqual({ input: "x", hasDeadline: true });
  await expect(socket.request("fail")).rejects.toMatchObject({ name: "SocketReplyError", status: 500, message: "the server answered with the error Internal Server Error (ERR_SOCKET_REPLY)" });
  const controller = new AbortController();
  const hanging = socket.request("hang", { signal: controller.signal });
  await until(() => front.stats.inFlight === 1);
  controller.abort(new Error("enough"));
  await expect(hanging).rejects.toThrow("enough");
  await until(() => reasons.length === 1);
  expect([reasons, front.stats.cancelled]).toMatchObject([[{ code: "ERR_CALL_CANCELLED" }], 1]);
});

test("its queue stays within bounds when the server does not read", async () => {
  const { url, peers } = await foreign();
  const socket = socketTo(url, { maxBufferedBytes: 100_000, queueLimit: 50 });
  await socket.connect();
  await until(() => peers.length === 1);
  peers[0]?.pause();
  const text = "x".repeat(10_000);
  let sent = 0;
  const refused = await new Promise((resolve) => {
    const fill = (): void => {
      try {
        for (let count = 0; count < 10; count += 1) {
          socket.send(text);
          sent += 1;
        }
        setImmediate(fill);
      } catch (error) {
        resolve(error);
      }
    };
    fill();
  });
  expect([refused, socket.stats.queued]).toMatchObject([{ code: "ERR_SOCKET_REJECTED", reason: "queue-full" }, 50]);
  let heard = 0;
  peers[0]?.on("message", () => (heard += 1));
  peers[0]?.resume();
  await until(() => heard === sent);
  expect(socket.stats.queued).toBe(0);
});

test("works with a WebSocket that can neither ping nor be terminated, as those of platforms", async () => {
  const { url, heard, peers } = await foreign();
  class Platform {
    readonly #own: WebSocket;
    constructor(address: string) {
      this.#own = new WebSocket(address);
    }
    get readyState(): number {
      return this.#own.readyState;
    }
    get bufferedAmount(): number {
      return this.#own.bufferedAmount;
    }
    send(data: string | ArrayBuffer | Uint8Array): void {
      this.#own.send(data);
    }
    close(code?: number, reason?: string): void {
      this.#own.close(code, reason);
    }
    addEventListener(type: string, listener: (event: never) => void): void {
      this.#own.addEventListener(type as "open", listener as () => void); // one of the four that both have
    }
  }
  const socket = socketTo(url, { WebSocket: Platform, heartbeat: { intervalMs: 5, timeoutMs: 5, message: "are you there?" } });
  await socket.connect();
  await until(() => heard.flat().includes("are you there?"));
  await until(() => peers.length > 1);
  expect(await socket.close()).toMatchObject({ unsent: 0, unanswered: 0 });
});
