import { setTimeout as sleep } from "node:timers/promises";
import { keepOn, type Attack, type Battle } from "./attack.ts";
import { RawConnection } from "./raw-connection.ts";
import { limits } from "../limits.ts";

const parallel = 8;
const pauseMs = 5;

const json = "content-type: application/json\r\n";

function post(body: Buffer | string, fields: string = json): Buffer {
  const bytes = Buffer.from(body as string); // either is taken
  const head = `POST /work HTTP/1.1\r\nhost: demo\r\nconnection: close\r\nx-client: garbage\r\n${fields}content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

function chunked(body: string): Buffer {
  return Buffer.from(`POST /work HTTP/1.1\r\nhost: demo\r\nx-client: garbage\r\n${json}transfer-encoding: chunked\r\n\r\n${body}`);
}

const kinds = [
  { kind: "a body that is no UTF-8", bytes: post(Buffer.from('{"text":"\u00ff\u00fe\u00c0\u0080"}', "latin1")), must: "400" },
  { kind: "a body that ends in a character", bytes: post(Buffer.from('{"text":"\u00e2\u0082', "latin1")), must: "400" },
  { kind: "broken JSON", bytes: post('{"text":"no end'), must: "400" },
  { kind: "JSON nested 30,000 deep", bytes: post("[".repeat(30_000) + "]".repeat(30_000)), must: "400" },
  { kind: "JSON that is no input", bytes: post('{"__proto__":{"text":"x"},"constructor":null}'), must: "400" },
  { kind: "another media type", bytes: post("text=x", "content-type: text/plain\r\n"), must: "415" },
  { kind: "a compressed body", bytes: post("x", `${json}content-encoding: gzip\r\n`), must: "415" },
  { kind: "a body that is too large", bytes: post(Buffer.alloc(limits.maxBodyBytes + 1, " ")), must: "413" },
  { kind: "chunks that add up to too much", bytes: chunked(`4000\r\n${" ".repeat(0x4000)}\r\n`.repeat(6)), must: "413" },
  { kind: "a chunk without a size", bytes: chunked("zz\r\nx\r\n0\r\n\r\n"), must: "400" },
  { kind: "two lengths", bytes: Buffer.from("POST /work HTTP/1.1\r\nhost: demo\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"), must: "400" },
  { kind: "TLS", bytes: Buffer.from("160301020001000001fc0303", "hex"), must: "400" },
  { kind: "noise", bytes: Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 167 + 13) % 256)), must: "400" },
] as const;

/** What is no request, or one whose body is not what it says: each is answered, and none of them is an error of the server's. */
export const garbage: Attack = {
  name: "garbage",
  title: "bodies of invalid UTF-8, broken JSON, and bytes that are no HTTP",
  expected: Object.fromEntries(kinds.map(({ kind, must }) => [kind, { must: [must] }])),
  run: (battle) => keepOn(parallel, battle, (worker, round) => send(worker + round, battle)),
};

async function send(index: number, { port, patientUntil, tellings }: Battle): Promise<void> {
  const { kind, bytes } = kinds[index % kinds.length] ?? kinds[0];
  const connection = new RawConnection(port);
  const told = connection.giveUpAt(patientUntil);
  connection.socket.write(bytes);
  tellings.note(kind, await told);
  await sleep(pauseMs);
}
