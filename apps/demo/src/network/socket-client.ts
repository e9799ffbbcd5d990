import { Balancer } from "@breakwater/balancer";
import { systemClock } from "@breakwater/core";
import { ResilientSocket, SocketReplyError } from "@breakwater/http/ws";
import { exponential } from "@breakwater/retry";
import type { ClientOptions } from "./http-client.ts";
import type { Note, NoteAnswer, Order, OrderAnswer, ProductAnswer, ProductQuestion, SocketInput } from "./operations.ts";
import { paths } from "./wire-paths.ts";

/** A process, for those who only need to reach it. */
export interface Address {
  readonly name: string;
  readonly url: string;
}

/** The clients that speak WebSocket: one socket to each process, which connects again by itself, and a balancer that chooses among them. */
export class SocketClient {
  readonly balancer: Balancer<ResilientSocket>;
  readonly #sockets = new Map<string, ResilientSocket>();
  readonly #urls = new Map<string, string>();
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.balancer = new Balancer<ResilientSocket>({
      name: "sockets",
      ejection: false, // as over HTTP
      // An error answer comes from a process that is there.
      classify: (result) => (result.status === "rejected" && result.reason instanceof SocketReplyError ? "success" : undefined),
    });
  }

  get sockets(): ReadonlyMap<string, ResilientSocket> {
    return this.#sockets;
  }

  /** These are the processes from now on. One that has another address keeps its socket, which finds it with its next connection. */
  update(addresses: readonly Address[]): void {
    const names = new Set(addresses.map(({ name }) => name));
    for (const { name, url } of addresses) {
      this.#urls.set(name, url);
      if (!this.#sockets.has(name)) this.#sockets.set(name, this.#open(name));
    }
    const gone = [...this.#sockets].filter(([name]) => !names.has(name));
    for (const [name] of gone) this.#sockets.delete(name);
    this.balancer.update([...this.#sockets].map(([key, value]) => ({ key, value })));
    for (const [, socket] of gone) void socket.close();
  }

  order(order: Order): Promise<OrderAnswer> {
    return this.#ask({ operation: "order", input: order }) as Promise<OrderAnswer>; // what the operation answers
  }

  product(question: ProductQuestion): Promise<ProductAnswer> {
    return this.#ask({ operation: "product", input: question }) as Promise<ProductAnswer>; // as above
  }

  note(note: Note): Promise<NoteAnswer> {
    return this.#ask({ operation: "note", input: note }) as Promise<NoteAnswer>; // as above
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close({ graceMs: 0, goodbyeMs: 200 })));
  }

  #ask(message: SocketInput): Promise<unknown> {
    const deadlineAt = systemClock.now() + this.#options.deadlineMs;
    return this.balancer.run((socket) => socket.request(message, { deadlineAt }, { isIdempotent: true }));
  }

  #open(name: string): ResilientSocket {
    const { deadlineMs, queueLimit } = this.#options;
    const address = (): string => `${(this.#urls.get(name) ?? "").replace(/^http/, "ws")}${paths.socket}`;
    const socket = new ResilientSocket(address, {
      name,
      requestTimeoutMs: deadlineMs,
      queueLimit: Math.max(queueLimit, 1_000),
      backoff: exponential({ initialMs: 50, maxMs: 500 }),
    });
    socket.connect().catch(() => undefined); // requests say what became of them
    return socket;
  }
}
