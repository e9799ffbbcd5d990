import { setTimeout as sleep } from "node:timers/promises";
import { keepOn, type Attack, type Battle } from "./attack.ts";
import { cut, RawConnection } from "./raw-connection.ts";

const connections = 300;
const everyMs = 200;

const head = "POST /work HTTP/1.1\r\nhost: demo\r\nx-client: slowloris\r\ncontent-type: application/json\r\n";
const kinds = [
  { kind: "a head, byte by byte", start: `${head}x-slow: `, byte: "x" },
  { kind: "a body, byte by byte", start: `${head}content-length: 1000\r\n\r\n`, byte: " " },
  { kind: "a connection that says nothing", start: "", byte: "" },
] as const;

/** Connections that are there, and never come to the point. What each costs is a socket, and the clock must end it. */
export const slowloris: Attack = {
  name: "slowloris",
  title: `${connections} connections that send a byte now and then`,
  expected: Object.fromEntries(kinds.map(({ kind }) => [kind, { must: ["408"], may: [cut] }])),
  run: (battle) => keepOn(connections, battle, (worker) => drip(worker, battle)),
};

async function drip(worker: number, { port, patientUntil, tellings }: Battle): Promise<void> {
  const { kind, start, byte } = kinds[worker % kinds.length] ?? kinds[0];
  const connection = new RawConnection(port);
  const told = connection.giveUpAt(patientUntil);
  connection.socket.write(start);
  await sleep((worker / connections) * everyMs); // not all in the same moment
  while (!connection.isOver) {
    if (byte !== "") connection.socket.write(byte);
    await Promise.race([sleep(everyMs), told]);
  }
  tellings.note(kind, await told);
}
