import type { Candidate, Case } from "../candidate.ts";
import { Connections } from "../http/connections.ts";
import { startServer } from "../http/server-process.ts";
import type { Served } from "../http/served.ts";

const connections = 50;

const asking = (kind: Served): Candidate["prepare"] => async () => {
  const head = "GET /hello HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer s3cret\r\nx-request-id: a1b2c3\r\n\r\n";
  const open = await Connections.open(await startServer(kind), connections, head, (answer) => answer.startsWith("HTTP/1.1 200") && answer.endsWith('{"hello":"world"}'));
  await open.ask(20_000); // until its hot path is compiled
  return (count) => open.ask(count);
};

/** So many messages at once on each connection; an operation is all of them. */
const echoing = (kind: Served, field: "input" | "output", messages: number): Candidate["prepare"] => async () => {
  const ids = Array.from({ length: messages }, (_, id) => id);
  const isRight = (answer: string): boolean => ids.every((id) => answer.includes(`{"id":${id},"${field}":{"hello":"world"}}`));
  const texts = ids.map((id) => `{"id":${id},"input":{"hello":"world"}}`);
  const open = await Connections.openSockets(await startServer(kind), connections, texts, isRight);
  await open.ask(20_000 / messages);
  return (count) => open.ask(count);
};

const echoCase = (messages: number): Case => ({
  group: "http",
  name: `WebSocket, echo ${messages === 1 ? "a small message" : `${messages} small messages at once`}, ${connections} connections`,
  candidates: [
    { name: "ws, bare", kind: "floor", prepare: echoing("bareSocket", "input", messages) },
    { name: "each message a call", kind: "ours", prepare: echoing("ourSocket", "output", messages) },
  ],
});

/** Servers in processes of their own, and one asker, so that a figure is the time between two answers. */
export const httpCases: readonly Case[] = [
  {
    group: "http",
    name: `GET a small JSON, ${connections} connections`,
    candidates: [
      { name: "node:http, bare", kind: "floor", prepare: asking("bare") },
      { name: "limiter, breaker, two middlewares, metrics", kind: "ours", prepare: asking("ours") },
      { name: "fastify, bare", kind: "rival", package: "fastify", prepare: asking("fastify") },
      { name: "hono on node-server, bare", kind: "rival", package: "hono", prepare: asking("hono") },
    ],
  },
  echoCase(1),
  echoCase(8),
];
