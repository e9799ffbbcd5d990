import cluster, { type Worker } from "node:cluster";
import { warn } from "@breakwater/core";
import { unwrap, wrap, type ToPrimary, type ToWorker } from "./messages.ts";

/** The process of a worker, as its primary reaches it. */
export interface WorkerProcess {
  readonly id: number;
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  kill(signal: NodeJS.Signals): void;
}

export interface ProcessListener {
  received(type: ToPrimary["type"]): void;
  /** The channel has closed, as it does when a process ends, or a little before. */
  disconnected(): void;
  /** Called once. A process that could not be made ends with the code null and no signal. */
  ended(code: number | null, signal: NodeJS.Signals | null): void;
}

/** Makes one. */
export type Fork = (listener: ProcessListener) => WorkerProcess;

/** How long a worker may take to stop whose primary is gone: nobody else is there to end it. */
export const stopTimeoutVariable = "BREAKWATER_STOP_TIMEOUT_MS";

/** Makes workers of `node:cluster`. */
export function forkOf(env: Readonly<Record<string, string>> | undefined, stopTimeoutMs: number): Fork {
  return (listener) => {
    const worker = forked({ [stopTimeoutVariable]: String(stopTimeoutMs), ...env });
    if (worker === undefined) {
      queueMicrotask(() => listener.ended(null, null));
      return nobody;
    }
    listen(worker, listener);
    return {
      id: worker.id,
      pid: worker.process.pid,
      // A channel that closes meanwhile is an error of the callback; without one it would be an event that nobody expects.
      send: (message) => {
        if (worker.isConnected()) worker.process.send(wrap(message), undefined, undefined, () => undefined);
      },
      kill: (signal) => void worker.process.kill(signal),
    };
  };
}

const nobody: WorkerProcess = { id: 0, pid: undefined, send: () => undefined, kill: () => undefined };

// What the system refuses is an event, or it is thrown: an environment that is too long, memory that is not there.
function forked(env: Readonly<Record<string, string>>): Worker | undefined {
  try {
    return cluster.fork(env);
  } catch (error) {
    warn(error);
    return undefined;
  }
}

function listen(worker: Worker, listener: ProcessListener): void {
  let hasEnded = false;
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (!hasEnded) listener.ended(code, signal);
    hasEnded = true;
  };
  worker.on("message", (data: unknown) => {
    const type = unwrap(data);
    if (type === "hello" || type === "ready" || type === "stopped") listener.received(type);
  });
  worker.on("disconnect", () => listener.disconnected());
  worker.on("exit", (code: number | null, signal: string | null) => end(code, signal as NodeJS.Signals | null)); // Node's names
  // A process that could not be made has no exit; one that could not be told or killed still has.
  worker.on("error", (error) => {
    if (worker.process.pid !== undefined) return;
    warn(error);
    end(null, null);
  });
}
