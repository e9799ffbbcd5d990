import type { Timer } from "@breakwater/core";
import type { Connection } from "./connection.ts";
import { requestFrame } from "./frames.ts";
import type { Line } from "./line.ts";
import { Message, type PendingRequest } from "./message.ts";
import { Outbox, type Waiting } from "./outbox.ts";
import type { Requests } from "./requests.ts";
import type { SocketSettings } from "./socket-options.ts";

// How often to look whether the connection's buffer has room again.
const lookMs = 20;

/**
 * What goes out, in order: while anything waits, everything queues behind it.
 *
 * The queue is bounded, and in front of it so is the connection's own buffer, since a WebSocket takes everything and never says
 * no. The platform has no event for "there is room again", so while something waits for that, and only then, a timer looks.
 */
export class Outflow {
  /** Handed to a connection so far. */
  sent = 0;
  readonly #settings: SocketSettings;
  readonly #line: Line;
  readonly #requests: Requests;
  readonly #outbox: Outbox;
  readonly #emptied: () => void;
  #looking: Timer | undefined = undefined;

  constructor(
    settings: SocketSettings,
    { line, requests }: { readonly line: Line; readonly requests: Requests },
    { dropped, emptied }: { readonly dropped: (waiting: Waiting) => void; readonly emptied: () => void },
  ) {
    this.#settings = settings;
    this.#line = line;
    this.#requests = requests;
    this.#outbox = new Outbox(settings, dropped);
    this.#emptied = emptied;
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Sends it, or lets it wait. @throws SocketRejectedError when there is no room. */
  admit(waiting: Waiting): void {
    const connection = this.#usable();
    if (connection !== undefined && this.#outbox.size === 0 && this.#hasRoom(connection)) {
      this.send(connection, waiting);
      return;
    }
    this.#outbox.push(waiting);
    if (connection !== undefined) this.#look();
  }

  /** Sends what waits, as far as it can. */
  flush(): void {
    for (let next = this.#outbox.peek(); next !== undefined; next = this.#outbox.peek()) {
      const connection = this.#usable();
      if (connection === undefined) return;
      if (!this.#hasRoom(connection)) {
        this.#look();
        return;
      }
      this.#outbox.remove(next);
      this.send(connection, next);
    }
    this.#emptied();
  }

  send(connection: Connection, waiting: Waiting): void {
    this.sent += 1;
    if (waiting instanceof Message) {
      connection.send(waiting.data);
      return;
    }
    this.#requests.sending(waiting);
    connection.send(requestFrame(waiting.id, waiting.text, (waiting.deadlineAt ?? Infinity) - this.#settings.clock.now()));
  }

  remove(request: PendingRequest): void {
    this.#outbox.remove(request);
  }

  /** The connection is gone, and these wait for the next one, before all that waits already. */
  putBack(requests: readonly PendingRequest[]): void {
    this.#looking?.cancel();
    this.#looking = undefined;
    this.#outbox.putBack(requests);
  }

  /** Nothing will be sent any more. Returns how many messages, apart from requests, waited. */
  clear(): number {
    let messages = 0;
    for (let waiting = this.#outbox.shift(); waiting !== undefined; waiting = this.#outbox.shift()) if (waiting instanceof Message) messages += 1;
    return messages;
  }

  /** The connection that takes messages now. */
  #usable(): Connection | undefined {
    const { open } = this.#line;
    return open?.isReady === true && !open.isLeaving ? open : undefined;
  }

  #hasRoom({ bufferedAmount }: Connection): boolean {
    return bufferedAmount <= this.#settings.maxBufferedBytes;
  }

  #look(): void {
    this.#looking ??= this.#settings.clock.setTimer(() => {
      this.#looking = undefined;
      this.flush();
    }, lookMs);
  }
}
