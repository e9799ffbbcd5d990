import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../../front/failures.ts";
import { isOnlooker } from "../../front/onlooker.ts";
import { pathOf } from "../../front/request-target.ts";

/** Takes an upgrade, or refuses it. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * The upgrades of one `node:http` server, by path.
 *
 * There is one listener for all fronts on a server: with one for each, none could say that nobody serves a path, and such a
 * connection would stay open for ever. When somebody else listens too, what is unknown here is left to them.
 */
class Upgrades {
  readonly #server: Server;
  readonly #handlers = new Map<string, UpgradeHandler>();

  constructor(server: Server) {
    this.#server = server;
    server.on("upgrade", this.#upgrade);
  }

  /** @throws Error when the path is taken. */
  add(path: string, handler: UpgradeHandler): void {
    if (this.#handlers.has(path)) throw new Error(`upgrades on the path ${path} of this server are taken already`);
    this.#handlers.set(path, handler);
  }

  remove(path: string): void {
    this.#handlers.delete(path);
    if (this.#handlers.size > 0) return;
    this.#server.off("upgrade", this.#upgrade);
    known.delete(this.#server);
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const handler = this.#handlers.get(pathOf(request.url ?? "/"));
    if (handler !== undefined) handler(request, socket, head);
    else if (this.#isAlone()) refuseUpgrade(socket, { status: 404, headers: {}, problem: { type: "about:blank", title: "Not Found", status: 404 } });
  };

  #isAlone(): boolean {
    return this.#server.listeners("upgrade").every((listener) => listener === this.#upgrade || isOnlooker(listener));
  }
}

const known = new WeakMap<Server, Upgrades>();

/**
 * Hears of upgrades on a path. Returns what takes it back.
 *
 * @param join - joins the life of an `HttpServer`, and returns what leaves it
 * @throws Error when the path is taken.
 */
export function onUpgrade(server: Server, path: string, handler: UpgradeHandler, join: () => () => void): () => void {
  const upgrades = known.get(server) ?? new Upgrades(server);
  known.set(server, upgrades);
  upgrades.add(path, handler);
  const leave = join();
  let isOn = true;
  return () => {
    if (!isOn) return;
    isOn = false;
    leave();
    upgrades.remove(path);
  };
}

/** Answers an upgrade that is not taken: there is no response object for it. */
export function refuseUpgrade(socket: Duplex, { status, headers, problem }: Failure): void {
  socket.on("error", () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(problem);
  const fields = { ...headers, "content-type": "application/problem+json", "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${problem.title}\r\n${head.join("")}\r\n${body}`, () => socket.destroy());
}
