import type { Service } from "@breakwater/core";
import type { Processor } from "@breakwater/http";
import { createHttpServer, type HttpServer } from "@breakwater/http/node";
import { createWebSocketFront, type WebSocketFront, type WebSocketFrontOptions } from "@breakwater/http/ws";
import { onTestFinished } from "vitest";
import { WebSocket, type ClientOptions } from "ws";

export interface Served {
  readonly server: HttpServer;
  readonly front: WebSocketFront;
  /** Of the front's path. */
  readonly url: string;
}

/** A front on a server that listens, and is gone when the test is. */
export async function serve<In = unknown, Out = unknown>(
  service: Service<In, Out> | Processor<In, Out>,
  options: WebSocketFrontOptions<In, Out, object> = {},
): Promise<Served> {
  const server = createHttpServer({ process: async () => "over http" });
  const front = createWebSocketFront(service, options);
  front.attach(server);
  await server.start();
  onTestFinished(async () => {
    server.force();
    await server.stop();
  });
  return { server, front, url: `${server.url.replace("http", "ws")}${options.path ?? "/"}` };
}

/** A client that does as the test says, and remembers what it hears. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on("message", (data: Buffer) => this.messages.push(JSON.parse(data.toString())));
    this.opened = new Promise((resolve, reject) => this.socket.once("open", resolve).on("error", reject));
    this.opened.catch(() => undefined);
    this.closed = new Promise((resolve) => this.socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
    onTestFinished(() => this.socket.terminate());
  }

  send(...frames: (object | string)[]): void {
    for (const frame of frames) this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }
}

export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  const client = new Client(url, options);
  await client.opened;
  return client;
}

/** How an upgrade was refused. */
export function refusal(url: string, options: ClientOptions = {}): Promise<{ readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly body: unknown }> {
  const socket = new WebSocket(url, options);
  return new Promise((resolve, reject) => {
    socket.on("error", () => undefined);
    socket.on("open", () => reject(new Error("it was not refused")));
    socket.on("unexpected-response", (_, response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) as unknown }));
    });
  });
}
