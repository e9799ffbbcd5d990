import { RejectedError } from "@breakwater/core";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { until } from "../server/helpers.ts";
import { connect, serve, type Client } from "./servers.ts";

function streamOf({ socket }: Client): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket; // ws keeps it there
}

test("a drain waits for a client that takes its answers slowly, and says goodbye behind the last of them", async () => {
  const bytes = 20_000_000;
  const { url, front, server } = await serve(async () => "x".repeat(bytes), { highWaterBytes: 100_000_000, maxBufferedBytes: 100_000_000, closeTimeoutMs: 200 });
  const client = await connect(url, { maxPayload: 2 * bytes });
  client.send({ id: 1 });
  streamOf(client).pause();
  await until(() => front.stats.answered === 1);
  const stopped = server.stop({ graceMs: 60_000 });
  await new Promise((resolve) => setTimeout(resolve, 600));
  streamOf(client).resume();
  expect(await client.closed).toMatchObject({ code: 1001 });
  expect(client.messages).toHaveLength(2);
  expect(await stopped).toMatchObject({ isDrained: true });
});

test("a client that asks with pings and takes no pong is not read any more, and given up in time", async () => {
  const dropped: unknown[] = [];
  const { url, front } = await serve(async () => 1, { highWaterBytes: 1_000, stalledTimeoutMs: 50 });
  front.on("dropped", (event) => dropped.push(event));
  const client = await connect(url);
  const stream = streamOf(client);
  stream.on("error", () => undefined).pause();
  // In small pieces: of many pings in one ws itself makes short work, in its newer versions.
  const pings = Buffer.concat(Array.from({ length: 20 }, () => Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)])));
  while (dropped.length === 0 && front.stats.connections === 1) {
    if (stream.writableLength < 1_000_000) stream.write(pings);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(dropped).toEqual([{ code: 1013, reason: "the answers are not taken in time" }]);
});

test("what waits for a place is not begun for a client that has gone", async () => {
  let calls = 0;
  const { url, front } = await serve(
    async () => {
      calls += 1;
      return "x".repeat(3_000_000);
    },
    { highWaterBytes: 1_000_000, maxBufferedBytes: 1_000_000_000, maxInFlight: 1 },
  );
  const client = await connect(url);
  const stream = streamOf(client);
  stream.pause();
  stream.cork();
  for (let id = 0; id < 200; id += 1) client.send({ id });
  stream.uncork();
  await until(() => front.stats.waiting > 0 && calls > 0);
  let last = -1;
  while (last !== calls) {
    last = calls;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  stream.resetAndDestroy();
  await until(() => front.stats.connections === 0);
  expect(calls).toBe(last);
});

test("an id that JSON has no number for is none", async () => {
  const { url } = await serve(async () => 1);
  const client = await connect(url);
  client.send('{"id":1e999}');
  expect(await client.closed).toMatchObject({ code: 1008 });
});

test("a refusal that holds what JSON has no word for is told without it, and fails no process", async () => {
  const error = new RejectedError("ERR_TEST", "no", { reason: 10n as unknown as string }); // what JavaScript may pass
  const { url } = await serve(() => Promise.reject(error));
  const client = await connect(url);
  client.send({ id: 1 });
  await until(() => client.messages.length === 1);
  expect(client.messages).toEqual([{ id: 1, error: { title: "Service Unavailable", status: 503, code: "ERR_TEST" } }]);
});
