import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { end, type Exit } from "../child.ts";
import type { ServiceMessage, ServiceState } from "./messages.ts";
import { environmentOf, type ServiceConfig } from "./service-config.ts";

export interface ServiceExit extends Exit {
  /** Why it did not start. */
  readonly error: string | undefined;
  /** What did not drain by itself; undefined when it had no time to say. */
  readonly forced: readonly string[] | undefined;
}

type Stopped = Extract<ServiceMessage, { readonly type: "stopped" }>;

const readyMs = 10_000;

/** One process of the service, seen from outside. It can be started again after its end, and has other ports then. */
export class ServiceProcess {
  readonly name: string;
  readonly #config: () => ServiceConfig;
  readonly #heard: (message: ServiceMessage, from: ServiceProcess) => void;
  #child: ChildProcess | undefined;
  #url = "";
  #adminUrl = "";
  #stopped: Stopped | undefined;

  /** @param config - asked at each start: what it names may have been started after this was made */
  constructor(name: string, config: () => ServiceConfig, heard: (message: ServiceMessage, from: ServiceProcess) => void = () => undefined) {
    this.name = name;
    this.#config = config;
    this.#heard = heard;
  }

  /** Of HTTP; the WebSocket has the path of `paths.socket` there. */
  get url(): string {
    return this.#url;
  }

  get adminUrl(): string {
    return this.#adminUrl;
  }

  /** Resolves when it says that it is ready. Rejects with what it could not start for. */
  async start(signal?: AbortSignal): Promise<void> {
    const child = fork(new URL("./service.js", import.meta.url), { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [], env: environmentOf(this.#config()) });
    this.#child = child;
    this.#stopped = undefined;
    const giveUp = (): void => void child.kill("SIGKILL");
    signal?.addEventListener("abort", giveUp);
    try {
      await Promise.race([this.#listening(child), this.#failed(child)]);
      await this.#ready();
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Asks it to drain, and waits until it has. */
  async stop(): Promise<ServiceExit> {
    return this.#end("SIGTERM");
  }

  /** As the kernel would when memory is short: no goodbye to anybody. */
  async kill(): Promise<ServiceExit> {
    return this.#end("SIGKILL");
  }

  /** All that it says of itself. */
  async state(): Promise<ServiceState> {
    const response = await fetch(`${this.#adminUrl}/state`);
    return (await response.json()) as ServiceState; // what service.ts answers, of the same build
  }

  /** Whether it is to get traffic, as a balancer in front of it would ask. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#adminUrl}/readyz`);
    await response.body?.cancel();
    return response.ok;
  }

  #listening(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      child.on("message", (given) => {
        const message = given as ServiceMessage; // service.ts sends nothing else
        if (message.type === "stopped") this.#stopped = message;
        this.#heard(message, this);
        if (message.type !== "listening") return;
        this.#url = message.url;
        this.#adminUrl = message.adminUrl;
        resolve();
      });
    });
  }

  async #failed(child: ChildProcess): Promise<never> {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    await saidAll(child);
    throw new Error(this.#stopped?.error ?? `${this.name} ended before it listened (${signal ?? code})`);
  }

  async #ready(): Promise<void> {
    const until = performance.now() + readyMs;
    while (!(await this.isReady())) {
      if (performance.now() > until) throw new Error(`${this.name} is not ready after ${readyMs} ms`);
      await sleep(10);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<ServiceExit> {
    const child = this.#child;
    if (child === undefined) return { code: null, signal: null, error: undefined, forced: undefined };
    const exit = await end(child, signal);
    await saidAll(child);
    return { ...exit, error: this.#stopped?.error, forced: this.#stopped?.forced };
  }
}

/** An exit can be known before the last message. */
async function saidAll(child: ChildProcess): Promise<void> {
  if (child.connected) await once(child, "disconnect");
}
