/**
 * What the primary and its workers say to each other. The channel belongs to the program, so each message stands under a key of
 * its own, and everything else is left alone.
 */
export interface ToWorker {
  /** `stop`: let what was accepted end. `bye`: all that was said before has been heard, so exit. */
  readonly type: "stop" | "bye";
}

export interface ToPrimary {
  /** `hello`: it listens, as what was said before is lost. `ready`: it takes requests from now on. `stopped`: it is about to exit. */
  readonly type: "hello" | "ready" | "stopped";
}

const key = "@breakwater/service";

export function wrap<Message extends ToWorker | ToPrimary>(message: Message): Readonly<Record<string, Message>> {
  return { [key]: message };
}

/** What was said to us; undefined for a message that is not ours. */
export function unwrap(data: unknown): (ToWorker | ToPrimary)["type"] | undefined {
  if (typeof data !== "object" || data === null || !(key in data)) return undefined;
  const message = data[key] as ToWorker | ToPrimary | undefined; // nobody else uses the key
  return message?.type;
}
