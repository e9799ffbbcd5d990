import { setTimeout as sleep } from "node:timers/promises";
import { keepOn, type Attack, type Battle } from "./attack.ts";
import { RawConnection } from "./raw-connection.ts";

const parallel = 8;
const pauseMs = 5;
const hugeBytes = 10 * 1024 * 1024;
const pieceBytes = 65_536;

const filler = Buffer.alloc(pieceBytes, "x");
const fields = Buffer.from("x-field: and a value of some length\r\n".repeat(Math.floor(pieceBytes / 37)));
const request = "GET /work HTTP/1.1\r\nhost: demo\r\n";
const kinds = [
  { kind: "one field of 10 MB", start: `${request}x-huge: `, piece: filler },
  { kind: "10 MB of small fields", start: request, piece: fields },
  { kind: "a path of 10 MB", start: "GET /", piece: filler },
] as const;

/** Heads of 10 MB, again and again: whoever keeps a head until it is complete holds them all. */
export const hugeHeaders: Attack = {
  name: "headers",
  title: "heads of 10 MB, again and again",
  expected: Object.fromEntries(kinds.map(({ kind }) => [kind, { must: ["431"] }])),
  run: (battle) => keepOn(parallel, battle, (worker, round) => send(worker + round, battle)),
};

async function send(index: number, { port, patientUntil, tellings }: Battle): Promise<void> {
  const { kind, start, piece } = kinds[index % kinds.length] ?? kinds[0];
  const connection = new RawConnection(port);
  const told = connection.giveUpAt(patientUntil);
  connection.socket.write(start);
  let left = hugeBytes;
  await connection.pour(() => {
    left -= piece.length;
    return left < 0 ? undefined : piece;
  });
  tellings.note(kind, await told);
  await sleep(pauseMs);
}
