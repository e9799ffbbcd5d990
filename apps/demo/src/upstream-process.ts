import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Starts and stops the upstream, and knows where it listens. */
export class UpstreamProcess {
  #child: ChildProcess | undefined;
  #origin = "";

  get origin(): string {
    return this.#origin;
  }

  async start(): Promise<void> {
    const child = fork(new URL("./upstream.js", import.meta.url), { stdio: "inherit", execArgv: [] });
    this.#child = child;
    const [message] = (await Promise.race([once(child, "message"), failed(child)])) as [unknown];
    if (!isListening(message)) throw new Error(`the upstream said ${JSON.stringify(message)} instead of its port`);
    this.#origin = `http://127.0.0.1:${message.port}`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return; // never started, or ended by itself
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}

async function failed(child: ChildProcess): Promise<never> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  throw new Error(`the upstream ended before it listened (${signal ?? code})`);
}

function isListening(message: unknown): message is { readonly port: number } {
  return typeof message === "object" && message !== null && "port" in message && typeof message.port === "number";
}
