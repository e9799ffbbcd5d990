import { FifoNode, ignoreAbort, listenForAbort, type AbortListener, type Expiring } from "@breakwater/core";
import type { SocketData } from "./socket-like.ts";

/** A message that can wait to be sent. */
export class Message extends FifoNode {
  readonly data: SocketData;

  constructor(data: SocketData) {
    super();
    this.data = data;
  }
}

export interface RequestOwner {
  expired(request: PendingRequest): void;
  abandoned(request: PendingRequest, reason: unknown): void;
}

export interface RequestKind {
  /** Whether it may be sent again after its connection was lost. */
  readonly isIdempotent: boolean;
  /** Whether it means nothing on another connection, whatever becomes of it on its own. */
  readonly isBound: boolean;
}

export interface RequestParts extends RequestKind {
  readonly id: number;
  readonly input: unknown;
}

export interface RequestLimits {
  readonly signal: AbortSignal | undefined;
  /** Infinity for none. */
  readonly deadlineAt: number;
  /** How long that was in the beginning, in ms. */
  readonly timeoutMs: number;
  /** Whose time that is: the call's deadline, or the socket's own limit. */
  readonly reason: "deadline" | "timeout";
}

/**
 * `queued`: it waits in the outbox. `sent`: it was handed to the connection that there is. `returned`: the server, about to leave,
 * has not begun it; it waits for the next connection.
 */
export type RequestState = "queued" | "sent" | "returned";

/** A request without an answer. It settles once, and by then it is in no queue, on no timer, and listens to nothing. */
export class PendingRequest extends FifoNode implements Expiring, AbortListener {
  heapIndex = -1;
  state: RequestState = "queued";
  /** How often it was handed to a connection, and not returned. */
  sends = 0;
  readonly id: number;
  readonly input: unknown;
  /** The input as JSON, as it was when the request was made; undefined when there is none. */
  readonly text: string | undefined;
  readonly isIdempotent: boolean;
  readonly isBound: boolean;
  readonly deadlineAt: number | undefined;
  readonly timeoutMs: number;
  readonly reason: "deadline" | "timeout";
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #owner: RequestOwner;

  /** @throws TypeError when the input cannot be written as JSON. */
  constructor(
    owner: RequestOwner,
    { id, input, isIdempotent, isBound }: RequestParts,
    { signal, deadlineAt, timeoutMs, reason }: RequestLimits,
    resolve: (output: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.#owner = owner;
    this.id = id;
    this.input = input;
    this.text = JSON.stringify(input); // undefined for undefined and functions, whatever its type says
    this.isIdempotent = isIdempotent;
    this.isBound = isBound;
    this.deadlineAt = deadlineAt === Infinity ? undefined : deadlineAt;
    this.timeoutMs = timeoutMs;
    this.reason = reason;
    this.#signal = signal;
    this.resolve = resolve;
    this.reject = reject;
    if (signal !== undefined) listenForAbort(signal, this);
  }

  /** @internal */
  expire(): void {
    this.#owner.expired(this);
  }

  /** @internal */
  aborted(reason: unknown): void {
    this.#owner.abandoned(this, reason);
  }

  /** It is about to settle. */
  leave(): void {
    if (this.#signal !== undefined) ignoreAbort(this.#signal, this);
  }
}
