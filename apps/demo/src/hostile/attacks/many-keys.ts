import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack, Battle } from "./attack.ts";
import { paths } from "../limits.ts";

const parallel = 4;
const keysEach = 200;
// Not all at once: this is about what is kept of them, and not about how many a server can take.
const perSecond = 110_000;
const kind = "keys";

/** Clients that give another name each time: whoever keeps something for each name keeps all of it. */
export const manyKeys: Attack = {
  name: "keys",
  title: "distinct keys without end, each of them new to limiter, cache and metrics",
  expected: { [kind]: { must: ["taken"], may: ["refused"] }, requests: { must: ["200"] } },
  run: async (battle) => {
    const agent = new Agent({ keepAlive: true, maxSockets: parallel });
    let next = 0;
    const startedAt = performance.now();
    const work = async (): Promise<void> => {
      while (next < battle.keys) {
        const from = next;
        const to = (next = Math.min(battle.keys, from + keysEach));
        await sleep(startedAt + (from / perSecond) * 1_000 - performance.now());
        await send(Array.from({ length: to - from }, (_, index) => `client-${from + index}-of-too-many`), agent, battle);
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    agent.destroy();
  },
};

async function send(keys: readonly string[], agent: Agent, { port, tellings }: Battle): Promise<void> {
  const body = JSON.stringify(keys);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const sent = request({ port, host: "127.0.0.1", path: paths.keys, method: "POST", headers, agent });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = await text(response);
  tellings.note("requests", String(response.statusCode));
  if (response.statusCode !== 200) return;
  const { allowed, of } = JSON.parse(answer) as { readonly allowed: number; readonly of: number }; // what the server answers, of the same build
  tellings.note(kind, "taken", allowed);
  if (of > allowed) tellings.note(kind, "refused", of - allowed);
}
