import { describe, expect, it } from "vitest";
import { Receiver, Sender } from "ws";
import { frame, FrameReader, opcodes } from "../../src/hostile/attacks/raw-frames.ts";

const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];

describe("raw WebSocket frames", () => {
  it.each(lengths)("of %i bytes are read by ws", async (length) => {
    const receiver = new Receiver({ isServer: true });
    const received = new Promise((resolve) => receiver.on("message", (data: Buffer) => resolve(data.toString())));
    receiver.write(frame("x".repeat(length), { opcode: opcodes.text }));
    expect(await received).toBe("x".repeat(length));
  });

  it("of ws are read, in whatever pieces they come", () => {
    const bytes = Buffer.concat(lengths.flatMap((length) => Sender.frame(Buffer.alloc(length, "x"), { fin: true, opcode: 1, mask: false, readOnly: false, rsv1: false })));
    for (const size of [1_000, 65_536, 7]) {
      const heard: [number, number][] = [];
      const reader = new FrameReader((opcode, payload) => heard.push([opcode, payload.length]));
      for (let at = 0; at < bytes.length; at += size) reader.add(bytes.subarray(at, at + size));
      expect(heard).toEqual(lengths.map((length) => [1, length]));
    }
  });
});
