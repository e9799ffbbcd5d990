import type { IncomingMessage } from "node:http";
import type { Timer } from "@breakwater/core";
import type { RawData, WebSocket } from "ws";
import type { Problem } from "../../front/failures.ts";
import { Backlog } from "./backlog.ts";
import { errorText, goawayText, Misdeed, misdeedOf, readMessage, type FrameId, type IncomingFrame } from "./frames.ts";
import { PeerCalls, type PeerCallsOwner } from "./peer-calls.ts";
import type { PeerHost, PeerOrigin } from "./peer-host.ts";
import { SlowReader } from "./slow-reader.ts";

// Tells the pong after a goaway from that of a heartbeat.
const lastWord = "goaway";

/**
 * One connection.
 *
 * Reading. A request is begun when it comes while fewer than `maxInFlight` are in flight. Else reading stops: TCP then slows the
 * client down, and what is held here is what the one piece of input that was being read still had, 64 KiB at most, without its cancels.
 *
 * Leaving. `goaway` tells the client to send nothing more, and a ping follows it. What is sent over a WebSocket stays in order, and
 * clients answer pings by themselves, so behind the pong there is nothing that was sent in ignorance. What comes before it is
 * answered as not begun, and may go elsewhere. So once the pong is there and all calls in flight are answered, 1001 loses nothing.
 *
 *     client                 server
 *       | request 7  ------>   |  begun
 *       | request 8  --\  /--  |  goaway, ping
 *       | pong  ------  \/ ->  |  8: not begun
 *       | <---- 7, 8 --------- |  then 1001
 */
export class Peer implements PeerCallsOwner {
  /** Since the last heartbeat. */
  isHeard = true;
  readonly request: IncomingMessage;
  readonly #host: PeerHost;
  readonly #socket: WebSocket;
  readonly #calls: PeerCalls;
  readonly #backlog: Backlog;
  readonly #output: SlowReader;
  #isPaused = false;
  #isAdvancing = false;
  #isLeaving = false;
  /** Something sent before our goaway may still be on its way. */
  #awaitsLastWord = false;
  /** Nothing that comes counts any more: the goodbye was sent, or the connection is gone. */
  #isOver = false;
  #timer: Timer | undefined = undefined;

  constructor(host: PeerHost, socket: WebSocket, { request, stream, adds }: PeerOrigin) {
    this.#host = host;
    this.#socket = socket;
    this.request = request;
    this.#calls = new PeerCalls(host, this, adds);
    this.#backlog = new Backlog(host.settings.maxInFlight, () => this.#next());
    this.#output = new SlowReader(socket, stream, host.clock, host.settings, {
      full: () => this.#pause(),
      roomy: () => this.#next(),
      hopeless: (reason) => this.#drop(new Misdeed(1013, reason)),
    });
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
    socket.on("pong", (data) => this.#ponged(data));
    socket.on("ping", () => {
      this.isHeard = true;
      if (this.isOpen) this.#output.look();
    });
    socket.on("error", (error) => this.#misread(error));
    socket.on("close", () => {
      this.#stop();
      this.#host.gone(this);
    });
  }

  get isOpen(): boolean {
    return !this.#isOver && this.#socket.readyState === this.#socket.OPEN;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** Requests that were read, and wait for a place. */
  get waiting(): number {
    return this.#backlog.size;
  }

  /** One that is not read cannot be heard: its silence says nothing. */
  get canBeHeard(): boolean {
    return !this.#isPaused && !this.#isOver;
  }

  ping(data?: string): void {
    if (!this.#isOver) this.#socket.ping(data);
  }

  /** Takes no more requests, lets those in flight end, and says goodbye. */
  leave(): void {
    if (this.#isLeaving || this.#isOver) return;
    this.#isLeaving = true;
    for (const id of this.#backlog.clear()) this.#refuse(id, this.#host.refusals.draining);
    this.#awaitsLastWord = true;
    this.#timer = this.#host.clock.setTimer(() => this.#lastWord(), this.#host.settings.closeTimeoutMs);
    this.#send(goawayText);
    this.ping(lastWord);
    this.#resume();
  }

  /** Aborts the calls in flight. Returns how many there are. */
  abort(reason: unknown): number {
    return this.#calls.abort(reason);
  }

  /** Nobody is there any more. */
  bury(): void {
    if (this.#isOver) return;
    this.#host.dropped(new Misdeed(1006, "it gave no sign of life"));
    this.#stop();
    this.terminate();
  }

  /** Cuts it off. */
  terminate(): void {
    this.#host.measures.terminated += 1;
    this.#socket.terminate();
  }

  /** @internal */
  settled(text: string | undefined): void {
    if (text !== undefined) this.#send(text);
    this.#next();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.isHeard = true;
    if (this.#isOver) return;
    const message = readMessage(data, isBinary);
    if (message instanceof Misdeed) this.#drop(message);
    else if (message.cancel !== true) this.#take(message);
    else if (!this.#calls.cancel(message.id) && this.#backlog.delete(message.id)) this.#host.measures.count("cancelled");
  }

  #take(frame: IncomingFrame): void {
    const { id } = frame;
    if (this.#calls.has(id) || this.#backlog.has(id)) {
      this.#drop(new Misdeed(1008, "the id is in use"));
    } else if (this.#isLeaving) {
      this.#refuse(id, this.#host.refusals.draining);
    } else if (!this.#isPaused && this.#calls.size < this.#host.settings.maxInFlight) {
      this.#calls.begin(frame);
    } else if (this.#host.settings.refuses && !this.#output.isFull) {
      this.#refuse(id, this.#host.refusals.inFlight);
    } else {
      this.#backlog.add(frame);
      this.#pause();
    }
  }

  #refuse(id: FrameId, problem: Problem): void {
    this.#host.measures.count("refused");
    this.#send(errorText(id, problem));
  }

  #send(text: string): void {
    if (this.isOpen) this.#output.send(text, this.#calls.size === 0);
  }

  /** A place is free, or room in the buffer. */
  #next(): void {
    // What fails at once frees its place in the middle of this.
    if (this.#isOver || this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#hasPlace()) {
      const frame = this.#backlog.take();
      if (frame === undefined) break;
      this.#calls.begin(frame);
    }
    this.#isAdvancing = false;
    if (this.#isPaused && this.#backlog.size === 0 && this.#hasPlace()) this.#resume();
    this.#part();
  }

  #hasPlace(): boolean {
    return !this.#isOver && !this.#output.isFull && this.#calls.size < this.#host.settings.maxInFlight;
  }

  #pause(): void {
    if (this.#isPaused || this.#isOver) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#isOver || this.#output.isFull) return;
    this.#isPaused = false;
    this.isHeard = true; // it was not listened to
    this.#socket.resume();
  }

  #ponged(data: Buffer): void {
    this.isHeard = true;
    if (this.#awaitsLastWord && data.toString() === lastWord) this.#lastWord();
  }

  #lastWord(): void {
    this.#awaitsLastWord = false;
    this.#part();
  }

  /** Says goodbye when it is leaving and owes nothing. Behind what a slow client still has to take, its time to answer that would pass. */
  #part(): void {
    const owesNothing = !this.#awaitsLastWord && this.#calls.size === 0;
    if (this.#isLeaving && !this.#isOver && owesNothing) this.#output.whenOut(() => this.#close(1001, "the server stops"));
  }

  /** Ends it for what the client did, or did not. */
  #drop(misdeed: Misdeed): void {
    if (this.#isOver) return;
    this.#host.dropped(misdeed);
    this.#close(misdeed.code, misdeed.reason);
  }

  /** It broke the protocol, and ws has said goodbye already. */
  #misread(error: Error): void {
    if (this.#isOver) return;
    this.#host.dropped(misdeedOf(error));
    this.#end();
  }

  #close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.close(code, reason);
  }

  /** From here on it is only waited for the client's goodbye. */
  #end(): void {
    this.#stop();
    this.#timer = this.#host.clock.setTimer(() => this.terminate(), this.#host.settings.closeTimeoutMs);
    if (this.#isPaused) this.#socket.resume();
  }

  #stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#output.stop();
    this.#backlog.clear();
    this.#calls.leave();
  }
}
