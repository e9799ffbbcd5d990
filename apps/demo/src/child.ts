import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export function isAlive(child: ChildProcess | undefined): child is ChildProcess {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Sends it the signal and waits for its end; says how it ended also where it has before. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<Exit> {
  if (isAlive(child)) {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
  return { code: child.exitCode, signal: child.signalCode };
}
