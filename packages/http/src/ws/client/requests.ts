import { Deadlines, type Call, type Clock } from "@breakwater/core";
import { DeadlineExceededError, TimeoutError } from "@breakwater/deadline";
import { isDraining, type Reply } from "./frames.ts";
import { PendingRequest, type RequestKind, type RequestOwner } from "./message.ts";
import type { Disconnection } from "./connection.ts";
import { SocketLostError, SocketRejectedError, SocketReplyError } from "./socket-errors.ts";

export interface RequestsHost {
  /** Nobody waits for its answer any more: it is to leave the queue, or the server is to be told. */
  forsaken(request: PendingRequest): void;
  /** One less waits. */
  settled(): void;
}

export interface RequestsSettings {
  readonly clock: Clock;
  readonly name: string | undefined;
  readonly requestTimeoutMs: number;
  readonly maxSends: number;
}

/** What a reply was to: a request that waited for it, one that was `returned` unbegun, one that no longer waited, none of ours. */
export type Answered = "settled" | "returned" | "late" | "foreign";

/** What the loss of a connection meant. */
export interface Lost {
  /** Sent on it, and not answered. */
  readonly ids: readonly number[];
  /** To be sent again, in the order in which they were made: of those, and of what the server had not begun. */
  readonly again: readonly PendingRequest[];
  readonly resent: readonly number[];
}

/**
 * The requests without an answer.
 *
 * What is known when a connection goes: one that was not handed to it was not done. One that was may have been, so only an
 * idempotent one is sent again, and not for ever, as it could be what kills the server. One that a leaving server has returned was
 * not begun, and goes again whatever it is.
 */
export class Requests implements RequestOwner {
  readonly #settings: RequestsSettings;
  readonly #host: RequestsHost;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #deadlines: Deadlines;
  #lastId = 0;
  #sent = 0;
  #returned = 0;

  constructor(settings: RequestsSettings, host: RequestsHost) {
    this.#settings = settings;
    this.#host = host;
    this.#deadlines = new Deadlines(settings.clock);
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Those on the connection that there is. */
  get sent(): number {
    return this.#sent;
  }

  /** Those that wait for the next connection outside the queue. */
  get returned(): number {
    return this.#returned;
  }

  /** @param admit - queues or sends it; what it throws rejects the request */
  ask(input: unknown, call: Call, kind: RequestKind, admit: (request: PendingRequest) => void): Promise<unknown> {
    const { signal, deadlineAt = Infinity } = call;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const now = this.#settings.clock.now();
    const leftMs = deadlineAt - now;
    if (leftMs <= 0) return Promise.reject(this.#unsentInTime());
    const { requestTimeoutMs } = this.#settings;
    const timeoutMs = Math.min(leftMs, requestTimeoutMs);
    const limits = { signal, timeoutMs, deadlineAt: now + timeoutMs, reason: leftMs < requestTimeoutMs ? "deadline" : "timeout" } as const;
    return new Promise((resolve, reject) => {
      const request = new PendingRequest(this, { id: this.#lastId + 1, input, ...kind }, limits, resolve, reject);
      this.#lastId += 1;
      this.#pending.set(request.id, request);
      if (request.deadlineAt !== undefined) this.#deadlines.add(request);
      try {
        admit(request);
      } catch (error) {
        this.reject(request, error);
      }
    });
  }

  /** It is handed to the connection. */
  sending(request: PendingRequest): void {
    request.state = "sent";
    request.sends += 1;
    this.#sent += 1;
  }

  answer(reply: Reply): Answered {
    const request = this.#pending.get(reply.id);
    if (request?.state !== "sent") return reply.id >= 1 && reply.id <= this.#lastId ? "late" : "foreign";
    if ("error" in reply && isDraining(reply.error) && !request.isBound) {
      request.state = "returned";
      request.sends -= 1;
      this.#sent -= 1;
      this.#returned += 1;
      return "returned";
    }
    this.#forget(request);
    if ("error" in reply) request.reject(new SocketReplyError(reply.error));
    else request.resolve(reply.output);
    return "settled";
  }

  /** Its connection is gone. */
  lost(how: Disconnection): Lost {
    const ids: number[] = [];
    const resent: number[] = [];
    const again: PendingRequest[] = [];
    for (const request of [...this.#pending.values()]) {
      const { id, state } = request;
      if (state === "queued") continue;
      const isRepeated = request.isIdempotent && request.sends < this.#settings.maxSends;
      if (state === "sent") ids.push(id);
      if (state === "sent" && isRepeated) resent.push(id);
      if (state === "sent" && !isRepeated) {
        this.reject(request, this.#lostError(how));
      } else {
        this.#uncount(request);
        request.state = "queued";
        again.push(request);
      }
    }
    return { ids, resent, again };
  }

  /** Nothing connects again: nobody will answer any of them. Returns how many were sent at some time, and how many never. */
  end(how: Disconnection): { readonly unanswered: number; readonly unsent: number } {
    let unanswered = 0;
    const all = [...this.#pending.values()];
    for (const request of all) {
      if (request.sends > 0) unanswered += 1;
      this.reject(request, request.sends > 0 ? this.#lostError(how) : new SocketRejectedError("closed", this.#settings.name, how.cause));
    }
    return { unanswered, unsent: all.length - unanswered };
  }

  reject(request: PendingRequest, error: unknown): void {
    this.#forget(request);
    request.reject(error);
  }

  /** @internal */
  expired(request: PendingRequest): void {
    const { sends, timeoutMs, reason } = request;
    this.#host.forsaken(request);
    this.reject(request, sends > 0 ? new TimeoutError({ timeoutMs, reason, source: this.#settings.name }) : this.#unsentInTime());
  }

  /** @internal */
  abandoned(request: PendingRequest, reason: unknown): void {
    this.#host.forsaken(request);
    this.reject(request, reason);
  }

  #forget(request: PendingRequest): void {
    this.#pending.delete(request.id);
    this.#deadlines.delete(request);
    this.#uncount(request);
    request.leave();
    this.#host.settled();
  }

  #uncount({ state }: PendingRequest): void {
    if (state === "sent") this.#sent -= 1;
    if (state === "returned") this.#returned -= 1;
  }

  #unsentInTime(): DeadlineExceededError {
    return new DeadlineExceededError({ reason: "expired", remainingMs: 0, expectedMs: 0, source: this.#settings.name });
  }

  #lostError({ code, reason, cause }: Disconnection): SocketLostError {
    return new SocketLostError({ wasSent: true, closeCode: code, closeReason: reason, source: this.#settings.name, cause });
  }
}
