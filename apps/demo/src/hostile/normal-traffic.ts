import { Agent, request, type IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Way } from "../network/clients.ts";
import { paths } from "./limits.ts";
import type { Tally } from "./tally.ts";

export interface TrafficOptions {
  readonly port: number;
  /** A second. */
  readonly httpRate: number;
  readonly socketRate: number;
  readonly deadlineMs: number;
}

const tickMs = 5;
const httpClients = 10;
const socketClients = 4;

/** A request that is under way. */
interface Asked {
  readonly way: Way;
  readonly text: string;
  /** When it was to be sent, by the rate. What its client waits counts from here, also when this process was late. */
  readonly dueAt: number;
  readonly tally: Tally | undefined;
}

/**
 * Those who mean well: they ask so often a second, whether they are answered or not, over connections that they keep. None of them tries
 * again: each request that the attack costs is seen.
 */
export class NormalTraffic {
  /** Counts what is due from now on; undefined for what nobody counts. */
  tally: Tally | undefined;
  readonly #options: TrafficOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #sockets: WebSocket[] = [];
  readonly #asked = new Map<number, (answer: unknown) => void>();
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #isStopped = false;
  #sent = { http: 0, socket: 0 };

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** How many connections it has at the moment. */
  get connections(): number {
    const { sockets, freeSockets } = this.#agent;
    const http = [...Object.values(sockets), ...Object.values(freeSockets)].reduce((sum, list = []) => sum + list.length, 0);
    return http + this.#sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: socketClients }, (_, index) => this.#connect(index)));
    if (this.#isStopped) return;
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.terminate();
    this.#agent.destroy();
  }

  #tick(): void {
    const { httpRate, socketRate } = this.#options;
    const now = performance.now();
    for (; this.#due("http", httpRate) <= now; this.#sent.http += 1) this.#ask("http", this.#sent.http, this.#due("http", httpRate));
    for (; this.#due("socket", socketRate) <= now; this.#sent.socket += 1) this.#ask("socket", this.#sent.socket, this.#due("socket", socketRate));
  }

  #due(way: Way, rate: number): number {
    return this.#startedAt + (this.#sent[way] / rate) * 1_000;
  }

  #ask(way: Way, id: number, dueAt: number): void {
    const asked: Asked = { way, text: `${way} ${id}`, dueAt, tally: this.tally };
    asked.tally?.sent();
    if (way === "http") this.#post(asked, id);
    else this.#send(asked, id);
  }

  #post(asked: Asked, id: number): void {
    const body = JSON.stringify({ text: asked.text });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), "x-client": `normal-${id % httpClients}` };
    const sent = request({ port: this.#options.port, host: "127.0.0.1", path: paths.work, method: "POST", headers, agent: this.#agent });
    const settle = this.#settler(asked, () => sent.destroy());
    sent.on("response", (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("error", settle).on("end", () => settle(response.statusCode === 200 ? parsed(text) : `status ${response.statusCode}`));
    });
    sent.on("error", settle).end(body);
  }

  #send(asked: Asked, id: number): void {
    const socket = this.#sockets[id % socketClients];
    const settle = this.#settler(asked, () => this.#asked.delete(id));
    this.#asked.set(id, settle);
    // A socket that is closed says so to the callback.
    socket?.send(JSON.stringify({ id, input: { text: asked.text }, deadlineMs: this.#options.deadlineMs }), (error) => error && settle(error));
  }

  /** Takes the first that a request comes to: its answer, an error, a text that says what it was, or the deadline. */
  #settler({ way, text, dueAt, tally }: Asked, giveUp: () => void): (answer: unknown) => void {
    let isSettled = false;
    const settle = (answer: unknown): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      const tookMs = performance.now() - dueAt;
      if (tookMs > this.#options.deadlineMs) tally?.missed(way, "not in time");
      else if (isAnswer(answer, text)) tally?.inTime(tookMs);
      else tally?.missed(way, answer instanceof Error ? nameOf(answer) : String(answer));
    };
    const late = (): void => {
      settle("not in time");
      giveUp();
    };
    const timer = setTimeout(late, dueAt + this.#options.deadlineMs - performance.now()).unref(); // those that are left at the end hold up nobody
    return settle;
  }

  async #connect(index: number): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#options.port}${paths.socket}`, { headers: { "x-client": `normal-socket-${index}` } });
    this.#sockets[index] = socket;
    socket.on("error", () => undefined); // requests say what became of them
    socket.on("message", (data: Buffer) => {
      const { id, output, error } = JSON.parse(data.toString()) as { readonly id: number; readonly output?: unknown; readonly error?: { readonly status: number } };
      this.#asked.get(id)?.(error === undefined ? output : `status ${error.status}`);
      this.#asked.delete(id);
    });
    await new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject));
  }
}

function isAnswer(answer: unknown, text: string): boolean {
  return typeof answer === "object" && answer !== null && "text" in answer && answer.text === text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return "no JSON";
  }
}

function nameOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
