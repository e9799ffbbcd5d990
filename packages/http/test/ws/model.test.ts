import { settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bench, type Bench } from "./fake-socket.ts";

const queueLimit = 4;
const maxSends = 2;
const bufferLimit = 100;
const timeoutMs = 1_000;
const backoffMs = 100;
const connectTimeoutMs = 400;

/** A message or a request, as the naive model keeps it. */
interface Item {
  /** What is on the wire: the text of a message, or the id of a request. */
  readonly key: string | number;
  readonly isRequest: boolean;
  readonly isIdempotent: boolean;
  readonly dueAt: number;
  sends: number;
  /** How it must have ended; undefined while it has not. */
  end: string | undefined;
}

/**
 * The rules in the simplest words, with arrays instead of queues and no promise: what waits, what is on the connection, what a leaving
 * server has returned, and what must have come out of each request.
 */
class Model {
  now = 0;
  state: "connecting" | "open" | "waiting" | "closed" = "connecting";
  /** When the state ends by itself. */
  stateUntil: number = connectTimeoutMs;
  isLeaving = false;
  /** Its own side has said goodbye on this connection, and waits so long. */
  partsAt = Infinity;
  isFull = false;
  looksAt = Infinity;
  waiting: Item[] = [];
  onWire: Item[] = [];
  returned: Item[] = [];
  readonly all: Item[] = [];
  /** What each connection was sent, cancels apart. */
  readonly wires: (string | number)[][] = [[]];
  lastId = 0;

  get canSend(): boolean {
    return this.state === "open" && !this.isLeaving && this.partsAt === Infinity;
  }

  add(key: string, isRequest: boolean, isIdempotent: boolean): void {
    const item: Item = { key: isRequest ? (this.lastId += 1) : key, isRequest, isIdempotent, dueAt: this.now + timeoutMs, sends: 0, end: undefined };
    this.all.push(item);
    if (this.canSend && !this.isFull && this.waiting.length === 0) this.put(item);
    else if (this.waiting.length >= queueLimit) item.end = "queue-full";
    else {
      this.waiting.push(item);
      if (this.canSend) this.looksAt = Math.min(this.looksAt, this.now + 20);
    }
  }

  put(item: Item): void {
    item.sends += 1;
    this.wires.at(-1)?.push(item.key);
    if (item.isRequest) this.onWire.push(item);
    else item.end = "sent";
  }

  flush(): void {
    while (this.canSend && !this.isFull) {
      const item = this.waiting.shift();
      if (item === undefined) return;
      this.put(item);
    }
    if (this.canSend && this.waiting.length > 0) this.looksAt = Math.min(this.looksAt, this.now + 20);
  }

  opened(): void {
    this.state = "open";
    this.stateUntil = Infinity;
    this.flush();
  }

  settle(item: Item, end: string): void {
    item.end = end;
    const others = (list: Item[]): Item[] => list.filter((other) => other !== item);
    this.waiting = others(this.waiting);
    this.onWire = others(this.onWire);
    this.returned = others(this.returned);
    this.part();
  }

  part(): void {
    if (this.isLeaving && this.onWire.length === 0 && this.partsAt === Infinity) this.partsAt = this.now + 1_000;
  }

  lost(): void {
    const repeated = this.onWire.filter(({ isIdempotent, sends }) => isIdempotent && sends < maxSends);
    for (const item of this.onWire) if (!repeated.includes(item)) item.end = "lost";
    const again = [...repeated, ...this.returned].sort((one, other) => Number(one.key) - Number(other.key));
    this.waiting = [...again, ...this.waiting];
    this.onWire = [];
    this.returned = [];
    this.isLeaving = false;
    this.isFull = false;
    this.partsAt = Infinity;
    this.looksAt = Infinity;
    this.state = "waiting";
    this.stateUntil = this.now + backoffMs;
  }

  /** One step of time after the other, as the order of what falls due matters. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const dues = this.all.filter(({ end: ended, isRequest }) => isRequest && ended === undefined).map(({ dueAt }) => dueAt);
      const next = Math.min(this.stateUntil, this.partsAt, this.looksAt, ...dues);
      if (next > end) break;
      this.now = next;
      if (this.looksAt === next) {
        this.looksAt = Infinity;
        this.flush();
      }
      for (const item of this.all) {
        if (item.isRequest && item.end === undefined && item.dueAt === next) this.settle(item, item.sends > 0 ? "timeout" : "expired");
      }
      if (this.partsAt === next) this.lost();
      else if (this.stateUntil === next && this.state === "connecting") this.lost();
      else if (this.stateUntil === next && this.state === "waiting") {
        this.state = "connecting";
        this.stateUntil = this.now + connectTimeoutMs;
        this.wires.push([]);
      }
    }
    this.now = end;
  }
}

interface Real extends Bench {
  readonly ends: Map<number, string>;
  readonly controllers: Map<number, AbortController>;
}

/** How a request ended, in the model's words. */
function wordOf(error: unknown): string {
  if (error === "aborted") return "aborted";
  const { code, reason } = error as { readonly code: string; readonly reason?: string };
  if (code === "ERR_SOCKET_LOST") return "lost";
  if (code === "ERR_TIMEOUT") return "timeout";
  return code === "ERR_DEADLINE_EXCEEDED" ? "expired" : (reason ?? code);
}

type Command = fc.AsyncCommand<Model, Real>;

/** Does the same to both, and compares all that can be seen. */
function command(name: string, act: (model: Model, real: Real) => void | Promise<void>, check: (model: Readonly<Model>) => boolean = () => true): Command {
  return {
    check: (model) => model.state !== "closed" && check(model),
    run: async (model, real) => {
      await act(model, real);
      await settled();
      compare(model, real);
    },
    toString: () => name,
  };
}

function compare(model: Model, { socket, sockets, ends }: Real): void {
  const { state, queued, pending, dropped } = socket.stats;
  const wires = sockets.map(({ sent }) => sent.flatMap((data) => keyOf(data as string)));
  const requests = model.all.filter(({ isRequest }) => isRequest);
  expect({ state, queued, pending, dropped, wires }).toEqual({
    state: model.state,
    queued: model.waiting.length + model.returned.length,
    pending: requests.filter(({ end }) => end === undefined).length,
    dropped: 0,
    wires: model.wires.slice(0, sockets.length),
  });
  expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(requests.filter(({ end }) => end !== undefined).map(({ key, end }) => [key, end])));
}

function keyOf(data: string): (string | number)[] {
  if (!data.startsWith("{")) return [data];
  const { id, cancel } = JSON.parse(data) as { readonly id: number; readonly cancel?: true };
  return cancel === true ? [] : [id];
}

const send = fc.nat().map((key) =>
  command(`send ${key}`, (model, { socket }) => {
    const text = `m${key}-${model.all.length}`;
    const isRefused = !model.canSend && model.waiting.length >= queueLimit;
    model.add(text, false, false);
    if (isRefused || model.all.at(-1)?.end === "queue-full") expect(() => socket.send(text)).toThrow();
    else socket.send(text);
  }),
);

const request = fc.boolean().map((isIdempotent) =>
  command(isIdempotent ? "request, idempotent" : "request", (model, { socket, ends, controllers }) => {
    model.add("", true, isIdempotent);
    const id = model.lastId;
    const controller = new AbortController();
    controllers.set(id, controller);
    void socket.request(id, { signal: controller.signal }, { isIdempotent }).then(
      () => ends.set(id, "answered"),
      (error: unknown) => ends.set(id, wordOf(error)),
    );
  }),
);

/** One of the requests that are there, by chance. */
function pick(list: readonly Item[], at: number): Item | undefined {
  return list[at % Math.max(1, list.length)];
}

const answer = fc.nat().map((at) =>
  command("answer", (model, { last }) => {
    const item = pick(model.onWire, at);
    if (item === undefined) return;
    model.settle(item, "answered");
    last().reply({ id: item.key, output: 1 });
  }, ({ state, onWire }) => state === "open" && onWire.length > 0),
);

const abort = fc.nat().map((at) =>
  command("abort", (model, { controllers }) => {
    const open = model.all.filter(({ isRequest, end }) => isRequest && end === undefined);
    const item = pick(open, at);
    if (item === undefined) return;
    model.settle(item, "aborted");
    controllers.get(Number(item.key))?.abort("aborted");
  }),
);

const opens = fc.constant(
  command("open", (model, { last }) => {
    model.opened();
    last().open();
  }, ({ state }) => state === "connecting"),
);

const falls = fc.constant(
  command("fall", (model, { last }) => {
    model.lost();
    last().fall(1006);
  }, ({ state }) => state === "open" || state === "connecting"),
);

const goaway = fc.constant(
  command("goaway", (model, { last }) => {
    model.isLeaving = true;
    model.part();
    last().reply({ goaway: true });
  }, ({ state }) => state === "open"),
);

const gives = fc.nat().map((at) =>
  command("return", (model, { last }) => {
    const item = pick(model.onWire, at);
    if (item === undefined) return;
    item.sends -= 1;
    model.onWire = model.onWire.filter((other) => other !== item);
    model.returned.push(item);
    model.isLeaving = true;
    model.part();
    last().reply({ id: item.key, error: { code: "ERR_WEBSOCKET_REJECTED", reason: "draining" } });
  }, ({ state, onWire }) => state === "open" && onWire.length > 0),
);

const fills = fc.boolean().map((isFull) =>
  command(isFull ? "fill" : "drain", (model, { last }) => {
    model.isFull = isFull;
    last().bufferedAmount = isFull ? bufferLimit + 1 : 0;
  }, ({ state }) => state === "open"),
);

const passes = fc.constantFrom(1, 20, 50, 100, 400, 1_000).map((ms) =>
  command(`${ms} ms`, async (model, { clock }) => {
    model.advance(ms);
    await clock.advanceAsync(ms);
  }),
);

test("whatever comes in whatever order: each request ends once and as it must, and what is sent is sent in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands([send, request, request, answer, abort, opens, opens, falls, goaway, gives, fills, passes], { maxCommands: 60, size: "max" }), async (commands) => {
      const made = bench({ queueLimit, maxSends, maxBufferedBytes: bufferLimit, requestTimeoutMs: timeoutMs, connectTimeoutMs, backoff: () => backoffMs });
      const real: Real = { ...made, ends: new Map(), controllers: new Map() };
      void made.socket.connect();
      await settled();
      const model = new Model();
      await fc.asyncModelRun(() => ({ model, real }), commands);
      const closed = made.socket.close({ graceMs: 0, goodbyeMs: 0 });
      await made.clock.advanceAsync(0);
      const { unsent, unanswered } = await closed;
      // Nothing is lost from sight: what was never sent and what was never answered are just what was open.
      const open = model.all.filter(({ end }) => end === undefined);
      expect([unsent, unanswered]).toEqual([open.filter(({ sends }) => sends === 0).length, open.filter(({ sends }) => sends > 0).length]);
      expect([made.socket.stats.pending, made.socket.stats.queued, made.clock.pendingTimers]).toEqual([0, 0, 0]);
      expect(real.ends.size).toBe(model.lastId);
    }),
    { numRuns: 300 },
  );
}, 60_000);
