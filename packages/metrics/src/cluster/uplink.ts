import cluster from "node:cluster";
import { isMainThread, MessageChannel, parentPort, type MessagePort } from "node:worker_threads";
import { unwrap, wrap, type Message } from "./messages.ts";

/** The worker's end of the channel to the primary. None of them keeps the worker alive. */
export interface Uplink {
  /** `sent` is called when the message is out of this process's hands, or lost. */
  send(message: Message, sent: () => void): void;
  close(): void;
}

export type Receive = (message: Message) => void;

/** Undefined where there is no primary: the program runs alone. */
export function uplinkOf(port: MessagePort | undefined, receive: Receive): Uplink | undefined {
  if (port !== undefined) return new PortUplink(port, receive);
  if (!isMainThread && parentPort !== null) return ownChannel(parentPort, receive);
  return cluster.isWorker && process.send !== undefined ? new ProcessUplink(receive) : undefined;
}

/**
 * A channel of our own: whoever listens on the thread's `parentPort` keeps the thread alive, and whoever lets go of it
 * again lets the program's own listeners die.
 */
function ownChannel(parent: MessagePort, receive: Receive): Uplink {
  const { port1, port2 } = new MessageChannel();
  const uplink = new PortUplink(port1, receive);
  parent.postMessage(wrap({ type: "hello", port: port2 }), [port2]);
  return uplink;
}

class PortUplink implements Uplink {
  readonly #port: MessagePort;
  readonly #receive: Receive;

  constructor(port: MessagePort, receive: Receive) {
    this.#port = port;
    this.#receive = receive;
    port.on("message", this.#onMessage);
    port.unref(); // listening has made it keep the thread alive
  }

  send(message: Message, sent: () => void): void {
    this.#port.postMessage(wrap(message));
    sent();
  }

  close(): void {
    this.#port.off("message", this.#onMessage);
    this.#port.close();
  }

  readonly #onMessage = (data: unknown): void => {
    const message = unwrap(data);
    if (message !== undefined) this.#receive(message);
  };
}

class ProcessUplink implements Uplink {
  readonly #receive: Receive;

  constructor(receive: Receive) {
    this.#receive = receive;
    process.on("message", this.#onMessage);
  }

  // A primary that is gone is an error of the callback; without one it would be an event that nobody expects.
  send(message: Message, sent: () => void): void {
    process.send?.(wrap(message), undefined, undefined, sent);
  }

  close(): void {
    process.off("message", this.#onMessage);
  }

  readonly #onMessage = (data: unknown): void => {
    const message = unwrap(data);
    if (message !== undefined) this.#receive(message);
  };
}
