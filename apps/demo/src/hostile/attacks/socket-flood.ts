import { setTimeout as sleep } from "node:timers/promises";
import { keepOn, type Attack, type Battle } from "./attack.ts";
import { cut, left } from "./raw-connection.ts";
import { frame, opcodes } from "./raw-frames.ts";
import { RawWebSocket } from "./raw-web-socket.ts";

const mute = 12;
const reading = 3;
const pinging = 5;
const pauseMs = 10;
const perPiece = 500;

function fragments(payload: string, count: number): Buffer {
  const more = frame(payload, { opcode: opcodes.continuation, isLast: false });
  return Buffer.concat([frame(payload, { opcode: opcodes.text, isLast: false }), ...Array<Buffer>(count - 1).fill(more)]);
}

const text = (payload: Buffer | string): Buffer => frame(payload, { opcode: opcodes.text });
const misdeeds = [
  { kind: "a frame of 10 MB", bytes: frame("x", { opcode: opcodes.text, claims: 10_485_760 }), must: "1009" },
  { kind: "fragments without end", bytes: fragments("x".repeat(1_000), 80), must: "1009" },
  { kind: "empty fragments without end", bytes: fragments("", 140_000), must: "1008" },
  { kind: "text that is no UTF-8", bytes: text(Buffer.from([0xff, 0xfe, 0xc0])), must: "1007" },
  { kind: "text that is no JSON", bytes: text("{"), must: "1007" },
  { kind: "a message that is no frame", bytes: text('{"id":{}}'), must: "1008" },
  { kind: "a binary message", bytes: frame("x", { opcode: opcodes.binary }), must: "1003" },
  { kind: "a frame that is not masked", bytes: Buffer.from([0x81, 1, 120]), must: "1002" },
  { kind: "an opcode that is none", bytes: frame("x", { opcode: 5 }), must: "1002" },
] as const;
const flood = "messages without end, no answer read";
const pings = "pings without end, no pong read";
const read = "messages without end";

/** Sockets that send as fast as they can, and those that break the protocol. */
export const socketFlood: Attack = {
  name: "flood",
  title: `${mute + reading} sockets that send as fast as they can, ${pinging} that ping so, and frames that are too large or wrong`,
  expected: {
    [flood]: { must: [cut, left] },
    [pings]: { must: [cut], may: [left] },
    [read]: { must: ["answer 429"], may: ["answer 200", "answer 504", left] },
    ...Object.fromEntries(misdeeds.map(({ kind, must }) => [kind, { must: [must] }])),
  },
  run: async (battle) => {
    const wrong = keepOn(misdeeds.length, battle, (worker, round) => misbehave(worker + round, battle));
    const mutes = keepOn(mute, battle, (worker) => pour(flood, messages(), `mute-${worker}`, battle));
    const pingers = keepOn(pinging, battle, (worker) => pour(pings, () => manyPings, `ping-${worker}`, battle));
    const readers = keepOn(reading, battle, (worker) => ask(`reader-${worker}`, battle));
    await Promise.all([wrong, mutes, pingers, readers]);
  },
};

const manyPings = Buffer.concat(Array<Buffer>(perPiece).fill(frame("x".repeat(125), { opcode: opcodes.ping })));

/** Requests with an id of their own each. */
function messages(): () => Buffer {
  let id = 0;
  return () => Buffer.concat(Array.from({ length: perPiece }, () => text(`{"id":${(id += 1)},"input":{"text":"flood"}}`)));
}

async function pour(kind: string, next: () => Buffer, client: string, { port, until, tellings }: Battle): Promise<void> {
  const socket = new RawWebSocket(port, client, { reads: false });
  const told = socket.giveUpAt(until);
  await socket.opened;
  await socket.connection.pour(next);
  tellings.note(kind, await told);
}

/** The same with open ears. */
async function ask(client: string, { port, until, tellings }: Battle): Promise<void> {
  const socket = new RawWebSocket(port, client);
  const told = socket.giveUpAt(until);
  socket.heard = (message) => tellings.note(read, `answer ${/"status":(\d+)/.exec(message)?.[1] ?? "200"}`);
  await socket.opened;
  await socket.connection.pour(messages());
  tellings.note(read, await told);
}

async function misbehave(index: number, { port, patientUntil, tellings }: Battle): Promise<void> {
  const { kind, bytes } = misdeeds[index % misdeeds.length] ?? misdeeds[0];
  const socket = new RawWebSocket(port, "wrong");
  const told = socket.giveUpAt(patientUntil);
  await socket.opened;
  socket.connection.socket.write(bytes);
  tellings.note(kind, await told);
  await sleep(pauseMs);
}
