import type { Worker as ClusterWorker } from "node:cluster";
import { MessagePort, type Worker as Thread } from "node:worker_threads";
import { unwrap, wrap, type Message } from "./messages.ts";

/** The primary's end of the channel to one worker. None of them keeps the primary alive. */
export interface Downlink {
  send(message: Message): void;
  /** Listens no longer. */
  close(): void;
}

export interface DownlinkListener {
  received(message: Message): void;
  /** Nothing can come any more: all that was on its way has been received. */
  closed(): void;
}

/** Of a worker of `node:cluster`. Its messages and its end are heard by whoever owns this, for all workers at once. */
export class ProcessDownlink implements Downlink {
  readonly #worker: ClusterWorker;

  constructor(worker: ClusterWorker) {
    this.#worker = worker;
  }

  // A channel that closes meanwhile is an error of the callback; without one it would be an event that nobody expects.
  send(message: Message): void {
    if (this.#worker.isConnected()) this.#worker.process.send(wrap(message), undefined, undefined, () => undefined);
  }

  close(): void {
    // nothing of its own
  }
}

/** Of a channel that the program made. */
export class PortDownlink implements Downlink {
  readonly #port: MessagePort;
  readonly #listener: DownlinkListener;

  constructor(port: MessagePort, listener: DownlinkListener) {
    this.#port = port;
    this.#listener = listener;
    port.on("message", this.#onMessage);
    port.on("close", this.#onClose);
    port.unref();
  }

  send(message: Message): void {
    this.#port.postMessage(wrap(message));
  }

  close(): void {
    this.#port.off("message", this.#onMessage);
    this.#port.off("close", this.#onClose);
    this.#port.close();
  }

  readonly #onMessage = (data: unknown): void => {
    const message = unwrap(data);
    if (message !== undefined) this.#listener.received(message);
  };

  readonly #onClose = (): void => this.#listener.closed();
}

/** Of a thread, which hands its end of a channel over in its first message. */
export class ThreadDownlink implements Downlink {
  readonly #thread: Thread;
  readonly #listener: DownlinkListener;
  #port: PortDownlink | undefined = undefined;

  constructor(thread: Thread, listener: DownlinkListener) {
    this.#thread = thread;
    this.#listener = listener;
    thread.on("message", this.#onMessage);
    thread.on("exit", this.#onExit);
  }

  send(message: Message): void {
    this.#port?.send(message);
  }

  close(): void {
    this.#thread.off("message", this.#onMessage);
    this.#thread.off("exit", this.#onExit);
    this.#port?.close();
  }

  readonly #onMessage = (data: unknown): void => {
    const message = unwrap(data);
    if (message?.type !== "hello" || message.port === undefined) return;
    this.#port?.close();
    this.#port = new PortDownlink(message.port, this.#listener);
  };

  // A thread that had a port has its end there, behind what it said last.
  readonly #onExit = (): void => {
    if (this.#port === undefined) this.#listener.closed();
  };
}
