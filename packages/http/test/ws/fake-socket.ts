import { ManualClock, settled } from "@breakwater/core/testing";
import { ResilientSocket, type ResilientSocketOptions, type SocketAddress, type SocketConstructor, type SocketData, type SocketLike } from "@breakwater/http/ws";

/** A WebSocket whose other end is the test. */
export class FakeSocket implements SocketLike {
  readyState = 0;
  bufferedAmount = 0;
  readonly url: string;
  readonly sent: SocketData[] = [];
  /** With which code its own side has closed it; `terminate` for a cut. */
  closedWith: number | "terminate" | undefined = undefined;
  pings = 0;
  readonly #listeners = new Map<string, ((event: object) => void)[]>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener as (event: object) => void]); // the events below are what the types say
  }

  on(type: "ping" | "pong", listener: () => void): void {
    this.addEventListener(type, listener);
  }

  send(data: SocketData): void {
    if (this.readyState === 0) throw new Error("it is not open yet");
    this.sent.push(data);
  }

  ping(): void {
    this.pings += 1;
  }

  close(code = 1005): void {
    this.closedWith ??= code;
    if (this.readyState < 2) this.readyState = 2;
  }

  terminate(): void {
    this.closedWith = "terminate";
    this.fall(1006);
  }

  // What the other end does.

  open(): void {
    this.readyState = 1;
    this.#tell("open", {});
  }

  receive(data: unknown): void {
    this.#tell("message", { data });
  }

  /** A frame of the protocol. */
  reply(frame: object): void {
    this.receive(JSON.stringify(frame));
  }

  pong(): void {
    this.#tell("pong", {});
  }

  fall(code = 1006, reason = ""): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#tell("close", { code, reason });
  }

  fail(error: Error): void {
    this.#tell("error", { error });
    this.fall(1006);
  }

  /** Answers a goodbye of its own side. */
  agree(): void {
    this.fall(typeof this.closedWith === "number" ? this.closedWith : 1006);
  }

  /** The requests and cancels that were sent. */
  get frames(): { readonly id: number; readonly input?: unknown; readonly deadlineMs?: number; readonly cancel?: true }[] {
    return this.sent.filter((data) => typeof data === "string" && data.startsWith('{"id"')).map((data) => JSON.parse(data as string) as { id: number });
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

export interface Bench {
  readonly clock: ManualClock;
  readonly socket: ResilientSocket;
  /** All that were made. */
  readonly sockets: FakeSocket[];
  /** The newest. */
  readonly last: () => FakeSocket;
  /** What was emitted, as `type` and event. */
  readonly events: [string, unknown][];
}

/** A socket on fake ones, with a wait of 100 ms before each attempt. */
export function bench(options: ResilientSocketOptions = {}, address: SocketAddress = "ws://orders.test/"): Bench {
  const clock = new ManualClock();
  const sockets: FakeSocket[] = [];
  const WebSocket: SocketConstructor = class extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  };
  const socket = new ResilientSocket(address, { WebSocket, clock, backoff: () => 100, heartbeat: false, ...options });
  const events: [string, unknown][] = [];
  for (const type of ["opened", "disconnected", "waited", "received", "lost", "dropped", "closed"] as const) socket.on(type, (event) => events.push([type, event]));
  const last = (): FakeSocket => {
    const newest = sockets.at(-1);
    if (newest === undefined) throw new Error("nothing has connected yet");
    return newest;
  };
  return { clock, socket, sockets, last, events };
}

/** The same, open. */
export async function openBench(options: ResilientSocketOptions = {}): Promise<Bench> {
  const made = bench(options);
  void made.socket.connect();
  await settled();
  made.last().open();
  await settled();
  return made;
}

/** A promise that the test looks at later: until then its rejection is nobody's fault. */
export function kept<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** How a promise stands. */
export async function ending(promise: Promise<unknown>): Promise<{ readonly value?: unknown; readonly error?: unknown } | "pending"> {
  let result: { readonly value?: unknown; readonly error?: unknown } | "pending" = "pending";
  promise.then(
    (value) => (result = { value }),
    (error: unknown) => (result = { error }),
  );
  await settled();
  return result;
}
