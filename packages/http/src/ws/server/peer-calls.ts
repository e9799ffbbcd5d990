import type { IncomingMessage } from "node:http";
import { LazyAbort } from "@breakwater/core";
import { CallCancelledError, ClientGoneError } from "../../front/abort-reasons.ts";
import { ArrivingCall } from "../../front/arriving-call.ts";
import { errorText, outputText, type FrameId, type IncomingFrame } from "./frames.ts";
import type { CallsHost } from "./peer-host.ts";

export interface PeerCallsOwner {
  readonly request: IncomingMessage;
  /** Whether an answer can still be sent: not once the client has said goodbye. */
  readonly isOpen: boolean;
  /** A place is free. Without a text nobody waits for an answer. */
  settled(text: string | undefined): void;
}

/** A call in flight. It owns the call's signal, which exists once somebody has asked for it. */
class SocketCall extends LazyAbort {
  readonly id: FrameId;
  /** By a frame: no answer is sent, and its place is free when the work has let go. */
  isCancelled = false;

  constructor(id: FrameId) {
    super();
    this.id = id;
  }
}

/** The calls in flight of one connection. */
export class PeerCalls {
  readonly #host: CallsHost;
  readonly #owner: PeerCallsOwner;
  /** What the upgrade has added to each. */
  readonly #adds: object | undefined;
  readonly #calls = new Map<FrameId, SocketCall>();

  constructor(host: CallsHost, owner: PeerCallsOwner, adds: object | undefined) {
    this.#host = host;
    this.#owner = owner;
    this.#adds = adds;
  }

  get size(): number {
    return this.#calls.size;
  }

  has(id: FrameId): boolean {
    return this.#calls.has(id);
  }

  begin({ id, input, deadlineMs }: IncomingFrame): void {
    const { service, calls, settings } = this.#host;
    const { decode, priorityOf } = settings;
    const { request } = this.#owner;
    const call = new SocketCall(id);
    this.#calls.set(id, call);
    try {
      const arriving = new ArrivingCall(call, calls.deadlineAt(deadlineMs), priorityOf?.(input, request));
      if (this.#adds !== undefined) Object.assign(arriving, this.#adds);
      const given = decode === undefined ? input : decode(input, request);
      service(given, arriving).then(
        (output) => this.#succeed(call, output),
        (error: unknown) => this.#fail(call, error),
      );
    } catch (error) {
      this.#fail(call, error);
    }
  }

  /** Whether it was in flight. */
  cancel(id: FrameId): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    call.isCancelled = true;
    call.abort(new CallCancelledError());
    return true;
  }

  /** They are answered as they let go. Returns how many there are. */
  abort(reason: unknown): number {
    for (const call of this.#calls.values()) call.abort(reason);
    return this.#calls.size;
  }

  /** Nobody hears the answers any more. */
  leave(): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) {
      this.#host.measures.count("gone");
      call.abort(new ClientGoneError());
    }
  }

  #succeed(call: SocketCall, output: unknown): void {
    if (!this.#isAwaited(call)) return;
    const { encode } = this.#host.settings;
    let text: string;
    try {
      text = outputText(call.id, encode === undefined ? output : encode(output));
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    this.#host.measures.count("answered");
    this.#settle(call, text);
  }

  #fail(call: SocketCall, error: unknown): void {
    if (!this.#isAwaited(call)) return;
    const { status, problem } = this.#host.failures.answer(error);
    this.#host.measures.count(status < 500 ? "answered" : "failed");
    this.#settle(call, errorText(call.id, problem));
  }

  /** If not, its place is free now. */
  #isAwaited(call: SocketCall): boolean {
    if (this.#calls.get(call.id) !== call) return false;
    if (!call.isCancelled && this.#owner.isOpen) return true;
    this.#host.measures.count(call.isCancelled ? "cancelled" : "gone");
    this.#settle(call, undefined);
    return false;
  }

  #settle({ id }: SocketCall, text: string | undefined): void {
    this.#calls.delete(id);
    this.#owner.settled(text);
  }
}
