import { connect, type Socket } from "node:net";
import { request as httpRequest, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { once } from "node:events";
import { createHttpServer, type HttpServer, type Routes } from "@breakwater/http/node";
import { onTestFinished } from "vitest";

export type ServerOptions = NonNullable<Parameters<typeof createHttpServer>[1]>;

/** A server that listens, and is gone when the test is. */
export async function serve(routes: Routes, options: ServerOptions = {}): Promise<HttpServer> {
  const server = createHttpServer(routes, options);
  await server.start();
  onTestFinished(async () => {
    server.force();
    await server.stop();
  });
  return server;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: () => unknown;
}

export interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

export function ask(server: { readonly url: string }, { path = "/", body, agent, ...options }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, server.url), { ...options, agent: agent ?? false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) as unknown });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

export function postJson(server: { readonly url: string }, value: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  return ask(server, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) });
}

/** A bare connection, for what a client that behaves would not send. */
export class Wire {
  text = "";
  readonly socket: Socket;
  readonly closed: Promise<void>;

  constructor(server: { readonly url: string }, options: { readonly allowHalfOpen?: boolean } = {}) {
    const { port, hostname } = new URL(server.url);
    this.socket = connect({ port: Number(port), host: hostname, ...options });
    this.socket.setEncoding("latin1").on("data", (chunk: string) => (this.text += chunk)).on("error", () => undefined);
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    onTestFinished(() => void this.socket.destroy());
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** Until the text that came matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) await once(this.socket, "data");
    return this.text;
  }
}

/** A promise that a test settles. */
export function gate<T = void>(): { readonly promise: Promise<T>; readonly open: (value: T) => void; readonly fail: (error: unknown) => void } {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** Until it holds; a test that waits for ever is stopped by its own timeout. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
