import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { end, isAlive } from "./child.ts";
import { freePort } from "./free-port.ts";

/** Starts, kills and stops the upstream, which listens on the same port each time. */
export class UpstreamProcess {
  #child: ChildProcess | undefined;
  #port: number | undefined;

  get origin(): string {
    return `http://127.0.0.1:${this.#port ?? 0}`;
  }

  async start(): Promise<void> {
    this.#port ??= await freePort();
    const child = fork(new URL("./upstream.js", import.meta.url), [String(this.#port)], { stdio: "inherit", execArgv: [] });
    this.#child = child;
    await Promise.race([once(child, "message"), failed(child)]); // the one message says that it listens
  }

  /** As the kernel would when memory is short: no goodbye to anybody. */
  async kill(): Promise<void> {
    if (isAlive(this.#child)) await end(this.#child, "SIGKILL");
  }

  async stop(): Promise<void> {
    if (isAlive(this.#child)) await end(this.#child, "SIGTERM");
  }
}

async function failed(child: ChildProcess): Promise<never> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  throw new Error(`the upstream ended before it listened (${signal ?? code})`);
}
