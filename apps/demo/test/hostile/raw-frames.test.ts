import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { frame, FrameReader, opcodes } from "../../src/hostile/attacks/raw-frames.ts";
import { RawWebSocket } from "../../src/hostile/attacks/raw-web-socket.ts";

const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];

it("raw frames of any length are understood by ws, and its answers by us", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      socket.send(data.toString());
      if (data.length === lengths.at(-1)) socket.close(4_001);
    });
  });
  const socket = new RawWebSocket((server.address() as AddressInfo).port, "test");
  const heard: number[] = [];
  socket.heard = (message) => heard.push(message.length);
  expect(await socket.opened).toBe(true);
  for (const length of lengths) socket.connection.socket.write(frame("x".repeat(length), { opcode: opcodes.text }));
  while (heard.length < lengths.length) await once(socket.connection.socket, "data");
  socket.connection.socket.write(frame(Buffer.from([15, 161]), { opcode: opcodes.close })); // it waits for our goodbye
  expect([heard, await socket.told]).toEqual([lengths, "4001"]);
  await new Promise((resolve) => server.close(resolve));
});

it("frames are read in whatever pieces they come", () => {
  const bytes = Buffer.concat([Buffer.from([0x81, 2]), Buffer.from("ab"), Buffer.from([0x82, 126, 1, 0]), Buffer.alloc(256), Buffer.from([0x88, 2, 3, 233])]);
  for (let size = 1; size <= bytes.length; size += 1) {
    const heard: [number, number][] = [];
    const reader = new FrameReader((opcode, payload) => heard.push([opcode, payload.length]));
    for (let at = 0; at < bytes.length; at += size) reader.add(bytes.subarray(at, at + size));
    expect(heard).toEqual([[opcodes.text, 2], [opcodes.binary, 256], [opcodes.close, 2]]);
  }
});
