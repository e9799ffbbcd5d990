import { setTimeout as sleep } from "node:timers/promises";
import { keepOn, type Attack, type Battle } from "./attack.ts";
import { closed, cut, left, RawConnection } from "./raw-connection.ts";
import { paths } from "../limits.ts";

const parallel = 6;
const pauseMs = 10;
const silent = 12;
const pipelines = 2;
const asked = 40; // more than the kernel takes
const everyMs = 200;

const head = "POST /work HTTP/1.1\r\nhost: demo\r\nx-client: half-closed\r\ncontent-type: application/json\r\n";
const whole = `${head}content-length: 12\r\n\r\n{"text":"x"}`;
const ended = {
  "half a head, and the end": { bytes: head, must: ["400"] },
  "half a body, and the end": { bytes: `${head}content-length: 12\r\n\r\n{"te`, must: ["400"] },
  // Node takes the end of what a client sends for the end of the client: what is not answered by then is not.
  "a request, and the end": { bytes: whole, must: ["200", "429", closed, cut] },
  "the end alone": { bytes: "", must: [closed] },
} as const;
const unread = "a request, and gone before the answer";
const large = "large answers asked for, none read";
const pipelined = "large answers asked for without end, none read";

/** Connections of which only half is left: those that have ended their side, and those that never read. */
export const halfClosed: Attack = {
  name: "half-closed",
  title: `connections that end in the middle, and ${silent} that ask and never read`,
  expected: {
    ...Object.fromEntries(Object.entries(ended).map(([kind, { must }]) => [kind, { must, may: ["408"] }])),
    [unread]: { must: [left] },
    [large]: { must: [cut] },
    [pipelined]: { must: [cut] },
  },
  run: async (battle) => {
    const ends = keepOn(parallel, battle, (worker, round) => end(worker + round, battle));
    const leaves = keepOn(parallel, battle, () => leave(battle));
    const asks = keepOn(silent, battle, (worker, round) => ask(`silent-${worker}-${round}`, battle));
    const pours = keepOn(pipelines, battle, (worker, round) => pour(`pipeline-${worker}-${round}`, battle));
    await Promise.all([ends, leaves, asks, pours]);
  },
};

async function end(index: number, { port, patientUntil, tellings }: Battle): Promise<void> {
  const kinds = Object.entries(ended);
  const [kind, { bytes }] = kinds[index % kinds.length] ?? ["", ended["the end alone"]];
  const connection = new RawConnection(port);
  const told = connection.giveUpAt(patientUntil);
  connection.socket.end(bytes);
  tellings.note(kind, await told);
  await sleep(pauseMs);
}

async function leave({ port, tellings }: Battle): Promise<void> {
  const connection = new RawConnection(port, { reads: false });
  connection.socket.end(whole, () => setImmediate(() => connection.giveUp()));
  tellings.note(unread, await connection.told);
  await sleep(pauseMs);
}

function largeRequest(client: string): string {
  return `GET ${paths.large} HTTP/1.1\r\nhost: demo\r\nx-client: ${client}\r\n\r\n`;
}

/** Some, and one more now and then, to see whether anybody is still there. */
async function ask(client: string, { port, patientUntil, tellings }: Battle): Promise<void> {
  const connection = new RawConnection(port, { reads: false });
  const told = connection.giveUpAt(patientUntil);
  connection.socket.write(largeRequest(client).repeat(asked));
  while (!connection.isOver) {
    await Promise.race([sleep(everyMs), told]);
    connection.socket.write(largeRequest(client));
  }
  tellings.note(large, await told);
}

async function pour(client: string, { port, patientUntil, tellings }: Battle): Promise<void> {
  const connection = new RawConnection(port, { reads: false });
  const told = connection.giveUpAt(patientUntil);
  const requests = largeRequest(client).repeat(asked);
  await connection.pour(() => requests);
  tellings.note(pipelined, await told);
  await sleep(pauseMs);
}
