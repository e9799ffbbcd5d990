import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { end } from "../child.ts";
import type { AttackerMessage, AttackOrder, ServerMessage, ServerState } from "./messages.ts";
import type { Told } from "./told.ts";

function start(file: string, args: string[] = [], execArgv: string[] = []): ChildProcess {
  return fork(new URL(file, import.meta.url), args, { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv });
}

/** The first message; rejects when there is none. */
async function firstOf(child: ChildProcess, name: string): Promise<unknown> {
  const failed = once(child, "exit").then(([code, signal]) => {
    throw new Error(`${name} ended before it was done (${String(signal ?? code)})`);
  });
  failed.catch(() => undefined); // it ends some time, and nobody may be waiting any more
  const [message] = (await Promise.race([once(child, "message"), failed])) as [unknown];
  return message;
}

/** The server that is attacked. */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #listening: ServerMessage | undefined;

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** @param timeoutMs - how long the work of one request may take */
  async start(timeoutMs: number): Promise<void> {
    // Garbage must not count as held; and what the process warns of is a matter of the report, not of the terminal.
    this.#child = start("./hostile-server.js", [String(timeoutMs)], ["--expose-gc", "--no-warnings"]);
    this.#listening = (await firstOf(this.#child, "the server")) as ServerMessage; // server.ts sends nothing else
  }

  async state(): Promise<ServerState> {
    const response = await fetch(`${this.#listening?.adminUrl ?? ""}/state`);
    return (await response.json()) as ServerState; // what server.ts answers, of the same build
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await end(this.#child, "SIGKILL"); // it is not about how it stops
  }
}

/** Attackers, one at a time. */
export class AttackerProcess {
  #child: ChildProcess | undefined;

  /** Resolves when it stands ready. */
  async start(): Promise<void> {
    this.#child = start("./hostile-attacker.js");
    await firstOf(this.#child, "the attacker");
  }

  /** Attacks, and says what it was told. */
  async attack(order: AttackOrder): Promise<Told> {
    const child = this.#child;
    if (child === undefined) throw new Error("bug: the attacker has not been started");
    child.send(order);
    const message = (await firstOf(child, "the attacker")) as AttackerMessage; // attacker.ts sends nothing else
    if (message.type !== "told") throw new Error("bug: the attacker said that it is ready, again");
    return message.told;
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await end(this.#child, "SIGKILL");
  }
}
