import cluster from "node:cluster";
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
  /** Called once. A process that could not be made ends with the code null and no signal. */
  ended(code: number | null, signal: NodeJS.Signals | null): void;
}

/** Makes one. */
export type Fork = (listener: ProcessListener) => WorkerProcess;

/** Makes workers of `node:cluster`. */
export function forkOf(env: Readonly<Record<string, string>> | undefined): Fork {
  return (listener) => {
    const worker = cluster.fork(env === undefined ? undefined : { ...env });
    let hasEnded = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (!hasEnded) listener.ended(code, signal);
      hasEnded = true;
    };
    worker.on("message", (data: unknown) => {
      const type = unwrap(data);
      if (type === "hello" || type === "ready" || type === "stopped") listener.received(type);
    });
    worker.on("exit", (code: number | null, signal: string | null) => end(code, signal as NodeJS.Signals | null)); // Node's names
    // A process that could not be made has no exit; one that could not be told or killed still has.
    worker.on("error", () => {
      if (worker.process.pid === undefined) end(null, null);
    });
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
