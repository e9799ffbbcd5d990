import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { lendAbort } from "@breakwater/core";
import type { Exchange } from "./exchange.ts";
import { PipelineLine } from "./pipeline-line.ts";

const mostUses = 100;

/**
 * What the requests of one connection share: the signal of their calls.
 *
 * How it works, and why. An AbortController costs 2.6 us on Node 20, as much as all else that a request costs beyond bare
 * `node:http`. But what ends a call from outside, its client goes or the server's patience ends, ends its whole connection. So
 * the connection has one signal, which its requests use in turn; those of a pipeline that are there at the same time have their own,
 * as a service that stops ends its calls and no others. One that leaves a listener on it takes it along, and the next
 * gets a new one: listeners must not pile up on a connection that lives for days, and who listens on after the answer must not
 * hear of somebody else's end. Nor is one handed on that `AbortSignal.any` follows; Node 24 does not let that be seen, so after a hundred
 * it is a new one in any case. Rejected: a getter that makes a signal when somebody looks, since everybody looks; and signals that go from one
 * connection to the next, since whoever begins to listen after the answer would hear of a stranger's end.
 */
export class Peer {
  readonly socket: Socket;
  #isUpgraded = false;
  /** Undefined until a request comes that needs a new one. */
  #controller: AbortController | undefined = undefined;
  #uses = 0;
  #first: Exchange | undefined = undefined;
  /** Of a pipeline. Most clients send none, and pay no Set. */
  #others: Set<Exchange> | undefined = undefined;
  /** The newest of them. */
  #last: Exchange | undefined = undefined;
  #final: Exchange | undefined = undefined;
  #line: PipelineLine | undefined = undefined;
  /** How much had come when the last answer was out. */
  #readAtEnd = 0;
  #idleCount = 0;
  /** How much had come when that was counted. */
  #readAtCount = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** For the next call. */
  get controller(): AbortController {
    if (this.#size > 0) return lent();
    this.#controller ??= lent();
    return this.#controller;
  }

  /**
   * The server takes no more: the newest request whose answer can still say so is the connection's final one. Those before it are
   * answered first; those that come behind it are not begun, and its answer tells the client so.
   */
  finish(): void {
    if (this.#last?.isHeadOut === false) this.#final ??= this.#last;
  }

  get isFinished(): boolean {
    return this.#final !== undefined;
  }

  isFinal(exchange: Exchange): boolean {
    return exchange === this.#final;
  }

  add(exchange: Exchange): void {
    this.#last = exchange;
    if (this.#first === undefined) this.#first = exchange;
    else (this.#others ??= new Set()).add(exchange);
  }

  /** Begins one that was added, or lets it wait in the line of its pipeline. */
  begin(exchange: Exchange): void {
    if (this.#others === undefined) exchange.begin();
    else (this.#line ??= new PipelineLine(this.socket)).begin(exchange, this.#size);
  }

  /** Its answer is out, or will never be. */
  delete(exchange: Exchange): void {
    if (exchange === this.#first) this.#first = undefined;
    else this.#others?.delete(exchange);
    if (exchange === this.#last) this.#last = undefined;
    this.#line?.left(this.#size);
    if (this.#size === 0) this.#readAtEnd = this.socket.bytesRead;
    this.#uses += 1;
    if (this.#controller !== undefined && (this.#uses >= mostUses || isSpoilt(this.#controller.signal))) {
      this.#controller = undefined;
      this.#uses = 0;
    }
  }

  /** Its socket speaks another protocol from now on. */
  handOver(): void {
    this.#isUpgraded = true;
  }

  get isUpgraded(): boolean {
    return this.#isUpgraded;
  }

  get #size(): number {
    return (this.#first === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  /** Those whose answers are not out. */
  get exchanges(): readonly Exchange[] {
    return [...(this.#first === undefined ? [] : [this.#first]), ...(this.#others ?? [])];
  }

  /** It has never asked. */
  get isSilent(): boolean {
    return !this.#isUpgraded && this.socket.bytesRead === 0;
  }

  /** It has asked, was answered, and has sent nothing since. */
  get isIdle(): boolean {
    return !this.#isUpgraded && this.#size === 0 && this.#readAtEnd > 0 && this.socket.bytesRead === this.#readAtEnd;
  }

  /**
   * Says how often in a row, this time included, it was asked while the connection had nothing to answer, and nothing had come in between.
   * Never more than 0 before its first answer: until then the time of its head runs.
   */
  countIdle(): number {
    const { bytesRead } = this.socket;
    const isUsed = this.#isUpgraded || this.#size > 0 || this.#readAtEnd === 0;
    this.#idleCount = isUsed ? 0 : bytesRead === this.#readAtCount ? this.#idleCount + 1 : 1;
    this.#readAtCount = bytesRead;
    return this.#idleCount;
  }

  /** Whether an answer is under way, or a whole request waits for one. */
  get isAnswering(): boolean {
    if (this.#first?.isAnswering === true) return true;
    for (const exchange of this.#others ?? []) if (exchange.isAnswering) return true;
    return false;
  }

  /** The connection has closed. Node says so to the answer that is under way, and to none that waits for its turn. */
  closed(): void {
    this.#line?.clear();
    for (const exchange of this.exchanges) exchange.over();
  }
}

/** A service that stops may end the call. */
function lent(): AbortController {
  const controller = new AbortController();
  lendAbort(controller);
  return controller;
}

function isSpoilt(signal: AbortSignal): boolean {
  return signal.aborted || getEventListeners(signal, "abort").length > 0 || marksOfFollowers.some((mark) => mark in signal);
}

/** What `AbortSignal.any` leaves on a signal that it follows, which is no listener. Empty where nothing can be seen. */
const marksOfFollowers: readonly symbol[] = (() => {
  const { signal } = new AbortController();
  const before = Object.getOwnPropertySymbols(signal);
  AbortSignal.any([signal]);
  return Object.getOwnPropertySymbols(signal).filter((mark) => !before.includes(mark));
})();
