import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { end, isAlive } from "./child.ts";

const command = "redis-server";

/** Whether there is one on this machine. */
export function hasRedis(): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** A Redis of our own on a loopback port, which keeps nothing on disk and can be killed and started again. */
export class RedisServer {
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async start(): Promise<void> {
    const options = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
    const child = spawn(command, options, { stdio: ["ignore", "pipe", "ignore"] });
    this.#child = child;
    await Promise.race([ready(child), failed(child)]);
    child.stdout.removeAllListeners("data").resume(); // a full pipe would stop it
  }

  /** As the kernel would when memory is short: no goodbye to anybody. */
  async kill(): Promise<void> {
    if (isAlive(this.#child)) await end(this.#child, "SIGKILL");
  }

  async stop(): Promise<void> {
    if (isAlive(this.#child)) await end(this.#child, "SIGTERM");
  }
}

function ready({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let log = "";
    stdout?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (/ready to accept connections/i.test(log)) resolve();
    });
  });
}

async function failed(child: ChildProcess): Promise<never> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  throw new Error(`redis-server ended before it was ready (${signal ?? code})`);
}
