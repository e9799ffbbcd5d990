import type { AddressInfo } from "node:net";
import { checkNumber, systemClock, warn, type Clock } from "@breakwater/core";
import type { FastifyInstance } from "fastify";
import { ServerStoppingError } from "../front/abort-reasons.ts";
import { Connections } from "../node/connections.ts";
import type { Part } from "../node/parts.ts";
import { callsOf } from "./fastify-handler.ts";

export interface FastifyPartOptions {
  /** Stands in the report of a drain. Default `fastify`. */
  readonly name?: string | undefined;
  /** Default 0, any free one. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

export interface FastifyStopReport {
  /** Whether all connections had ended by themselves within the grace. */
  readonly isDrained: boolean;
  readonly forced: {
    /** Calls of `fastifyHandler` whose signal was aborted. */
    readonly calls: number;
    /** Connections that were destroyed. */
    readonly connections: number;
  };
}

/**
 * A fastify app whose `close` drains.
 *
 * Fastify's own close waits for keep-alive connections until their clients let go of them, 72 s by default: answers in flight
 * promise them a successor, and idle ones are not closed. And a request that comes on one meanwhile is a 503. From here on answers
 * say `Connection: close` once a close has begun, and whoever is idle is let go; so `app.close()` ends with the work. As a part of
 * `drain` it has a bound as well.
 */
export class FastifyPart implements Part {
  readonly name: string;
  readonly #app: FastifyInstance;
  readonly #port: number;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #connections: Connections;
  #isClosing = false;
  /** Of the app's own `close`, which has no bound. */
  #graceMs = Number.POSITIVE_INFINITY;
  #force: () => void = () => undefined;
  readonly #forced = new Promise<void>((resolve) => (this.#force = resolve));

  /** @internal */
  constructor(app: FastifyInstance, { name = "fastify", port = 0, host = "127.0.0.1", clock = systemClock }: FastifyPartOptions) {
    this.name = name;
    this.#app = app;
    this.#port = checkNumber("port", port, { max: 65_535, integer: true });
    this.#host = host;
    this.#clock = clock;
    this.#connections = new Connections(app.server);
    app.addHook("preClose", (done) => {
      this.#isClosing = true;
      this.#connections.leave(this.#clock, this.#graceMs);
      done();
    });
    app.addHook("onSend", (_request, reply, _payload, done) => {
      if (this.#isClosing) reply.header("connection", "close");
      done();
    });
    app.addHook("onResponse", (_request, _reply, done) => {
      if (this.#isClosing) this.#connections.closeIdleSoon();
      done();
    });
  }

  /** Where it listens. Throws before. */
  get url(): string {
    const address = this.#app.server.address();
    if (address === null || typeof address === "string") throw new Error("the app does not listen on a port");
    return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async start(): Promise<AddressInfo> {
    await this.#app.listen({ port: this.#port, host: this.#host });
    return this.#app.server.address() as AddressInfo; // it is one for a port
  }

  /** Never rejects, but with what a hook of the app throws. */
  async stop({ graceMs, abortMs }: { readonly graceMs: number; readonly abortMs: number }): Promise<FastifyStopReport> {
    this.#graceMs = graceMs;
    const closed = this.#app.close();
    closed.catch(() => undefined); // it is awaited below
    const isDrained = await this.#within(graceMs, closed);
    const forced = isDrained ? { calls: 0, connections: 0 } : await this.#cutOff(abortMs, closed);
    await closed;
    return { isDrained, forced };
  }

  /** Ends a stop that is under way at once: destroys whatever is left. */
  force(): void {
    this.#force();
  }

  async #cutOff(abortMs: number, closed: PromiseLike<unknown>): Promise<FastifyStopReport["forced"]> {
    const calls = [...callsOf(this.#app.server)];
    const reason = new ServerStoppingError();
    for (const call of calls) call.abort(reason);
    await this.#within(abortMs, closed);
    return { calls: calls.length, connections: this.#connections.destroyAll() };
  }

  /** Whether it came to its end within this time. */
  #within(limitMs: number, end: PromiseLike<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(() => resolve(false), limitMs);
      const settle = (isDone: boolean) => () => {
        timer.cancel();
        resolve(isDone);
      };
      end.then(settle(true), settle(true));
      this.#forced.then(settle(false), warn);
    });
  }
}

/**
 * The life of a fastify app, for `drain` and `runUntilSignal`; and a graceful `app.close()` by the way. To be made before the app
 * is ready.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function fastifyPart(app: FastifyInstance, options: FastifyPartOptions = {}): FastifyPart {
  return new FastifyPart(app, options);
}
