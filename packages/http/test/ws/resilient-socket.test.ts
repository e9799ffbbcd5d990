import { getEventListeners } from "node:events";
import { isRejected } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { ResilientSocket, type SocketLostError } from "@breakwater/http/ws";
import { describe, expect, test } from "vitest";
import { bench, ending, kept, openBench } from "./fake-socket.ts";

describe("connecting", () => {
  test("nothing connects before connect, and what is sent before waits", async () => {
    const { socket, sockets, last } = bench();
    socket.send("early");
    await settled();
    expect([sockets.length, socket.stats.state, socket.stats.queued]).toEqual([0, "idle", 1]);
    const connected = kept(socket.connect());
    await settled();
    expect([last().url, socket.stats.state]).toEqual(["ws://orders.test/", "connecting"]);
    last().open();
    await connected;
    expect([last().sent, socket.stats.state, socket.stats.queued]).toEqual([["early"], "open", 0]);
  });

  test("a lost connection is followed by another one after the backoff, and the events tell it", async () => {
    const { socket, sockets, last, events, clock } = await openBench();
    last().fall(1012, "restarts");
    expect(events).toEqual([
      ["opened", { connects: 1 }],
      ["disconnected", { code: 1012, reason: "restarts", cause: undefined }],
      ["waited", { attempt: 1, delayMs: 100 }],
    ]);
    await clock.advanceAsync(99);
    expect([sockets.length, socket.stats.state]).toEqual([1, "waiting"]);
    await clock.advanceAsync(1);
    last().open();
    expect(events.at(-1)).toEqual(["opened", { connects: 2 }]);
  });

  test("the delays grow by default with full jitter, and begin afresh after a connection that lasted", async () => {
    const { clock, last, events } = await openBench({ backoff: undefined, random: () => 0.5, stableMs: 1_000, connectTimeoutMs: Infinity });
    const delays = (): unknown[] => events.flatMap(([type, event]) => (type === "waited" ? [(event as { delayMs: number }).delayMs] : []));
    for (let count = 0; count < 3; count += 1) {
      last().fall();
      await clock.advanceAsync(60_000);
    }
    expect(delays()).toEqual([250, 500, 1_000]);
    last().open();
    await clock.advanceAsync(999);
    last().fall();
    await clock.advanceAsync(60_000);
    last().open();
    await clock.advanceAsync(1_000);
    last().fall();
    expect(delays()).toEqual([250, 500, 1_000, 2_000, 250]);
  });

  test("an address is asked for anew each time, and one that fails counts as an attempt", async () => {
    const broken = new Error("no token");
    const answers = ["ws://one.test/", broken, "ws://three.test/"];
    const address = async (): Promise<string> => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? "ws://more.test/";
    };
    const { socket, clock, sockets, last, events } = bench({}, address);
    void socket.connect();
    await settled();
    last().fall();
    await clock.advanceAsync(200);
    expect(sockets.map(({ url }) => url)).toEqual(["ws://one.test/", "ws://three.test/"]);
    expect(events).toContainEqual(["disconnected", { code: 1006, reason: "", cause: broken }]);
  });

  test("connecting takes no longer than it may, whatever it hangs in: the address, the network, onOpen", async () => {
    const hangs = new Promise<never>(() => undefined);
    const withAddress = bench({ connectTimeoutMs: 50 }, () => hangs);
    void withAddress.socket.connect();
    await withAddress.clock.advanceAsync(50);
    expect(withAddress.events[0]).toMatchObject(["disconnected", { code: 1006, cause: new Error("there was no address within 50 ms") }]);

    const withNetwork = bench({ connectTimeoutMs: 50 });
    void withNetwork.socket.connect();
    await withNetwork.clock.advanceAsync(50);
    expect([withNetwork.last().closedWith, withNetwork.events[0]]).toMatchObject(["terminate", ["disconnected", { reason: "it took too long to connect" }]]);

    const withHook = bench({ connectTimeoutMs: 50, onOpen: () => hangs });
    void withHook.socket.connect();
    await settled();
    withHook.last().open();
    await withHook.clock.advanceAsync(50);
    expect(withHook.last().closedWith).toBe("terminate");
    for (const { clock, sockets } of [withAddress, withNetwork, withHook]) {
      await clock.advanceAsync(100);
      expect(sockets.length).toBeLessThanOrEqual(2);
      expect(clock.pendingTimers).toBe(1);
    }
  });

  test("the error behind a connection that did not come about is told", async () => {
    const { socket, last, events } = bench();
    void socket.connect();
    await settled();
    const refused = new Error("ECONNREFUSED");
    last().fail(refused);
    expect(events[0]).toEqual(["disconnected", { code: 1006, reason: "", cause: refused }]);
  });

  test("after so many failures in a row it gives up, and says why to all who wait", async () => {
    const { socket, clock, last, events } = bench({ attempts: 2 });
    const connected = kept(socket.connect());
    const asked = kept(socket.request("a"));
    socket.send("b");
    await settled();
    last().fail(new Error("first"));
    await clock.advanceAsync(100);
    const second = new Error("second");
    last().fail(second);
    expect(await ending(connected)).toMatchObject({ error: { code: "ERR_SOCKET_REJECTED", reason: "closed", cause: second } });
    expect(await ending(asked)).toMatchObject({ error: { code: "ERR_SOCKET_REJECTED", reason: "closed", cause: second } });
    expect(events.at(-1)).toEqual(["closed", { code: 1006, reason: "", unsent: 2, unanswered: 0, cause: second }]);
    expect([socket.stats.state, clock.pendingTimers]).toEqual(["closed", 0]);
    expect(await socket.close()).toMatchObject({ unsent: 2 });
  });

  test("there are codes after which nobody connects again, and others that isFinal names", async () => {
    for (const code of [1000, 1008, 4001]) {
      const { last, events } = await openBench();
      last().fall(code, "no");
      expect(events.at(-1)).toEqual(["closed", { code, reason: "no", unsent: 0, unanswered: 0 }]);
    }
    const own = await openBench({ isFinal: (code) => code === 1011 });
    own.last().fall(1008);
    await own.clock.advanceAsync(100);
    own.last().open();
    own.last().fall(1011);
    expect(own.socket.stats.state).toBe("closed");
  });

  test("a backoff that answers no time, or Infinity, ends it", async () => {
    const bad = await openBench({ backoff: () => NaN });
    bad.last().fall();
    expect(await bad.socket.close()).toMatchObject({ cause: new RangeError("the delay that the backoff answered must be a number from 0 to Infinity, got NaN") });
    const never = await openBench({ backoff: () => Infinity });
    never.last().fall();
    expect(never.socket.stats.state).toBe("closed");
  });

  test("an old connection is heard no more when there is a new one", async () => {
    const { clock, sockets, last, events, socket } = await openBench({ connectTimeoutMs: 10 });
    last().fall();
    await clock.advanceAsync(110); // the second is cut for taking too long
    await clock.advanceAsync(100);
    expect(sockets.length).toBe(3);
    last().open();
    const before = events.length;
    sockets[1]?.open();
    sockets[1]?.receive("late");
    sockets[1]?.fall();
    expect([events.length, socket.stats.state]).toEqual([before, "open"]);
  });

  test("options that cannot be are named", () => {
    const make = (options: object, address = "ws://a.test"): (() => unknown) => () => new ResilientSocket(address, options);
    expect(make({ queueLimit: -1 })).toThrow("queueLimit must be a whole number from 0 to Infinity, got -1");
    expect(make({ overflow: "block" })).toThrow('overflow must be "refuse" or "drop-oldest", got block');
    expect(make({ maxSends: 0 })).toThrow("maxSends must be a whole number from 1");
    expect(make({ heartbeat: { intervalMs: 0 } })).toThrow("heartbeat.intervalMs must be a number from 1");
    expect(make({ backoff: {} })).toThrow("backoff.start must be a function");
    expect(make({}, "nowhere")).toThrow(TypeError);
    const { socket } = bench();
    expect(() => socket.send(1 as never)).toThrow("data must be a string, an ArrayBuffer or a Uint8Array, got number");
    expect(() => void socket.close({ code: 1001 })).toThrow("code must be 1000, or from 3000 to 4999, got 1001");
    expect(() => void socket.close({ reason: "x".repeat(124) })).toThrow("reason must have no more than 123 bytes");
  });
});

describe("onOpen", () => {
  test("comes before all that waits, on each connection", async () => {
    const { socket, clock, last } = bench({ onOpen: async (connection) => connection.send("subscribe") });
    socket.send("waits");
    void socket.connect();
    await settled();
    last().open();
    await settled();
    expect(last().sent).toEqual(["subscribe", "waits"]);
    last().fall();
    await clock.advanceAsync(100);
    last().open();
    await settled();
    expect(last().sent).toEqual(["subscribe"]);
  });

  test("may ask and wait for the answer; nothing else is sent meanwhile", async () => {
    const answers: unknown[] = [];
    const { socket, last } = bench({
      onOpen: async (connection) => {
        answers.push(await connection.request({ token: "t" }));
      },
    });
    void socket.connect();
    socket.send("waits");
    await settled();
    last().open();
    await settled();
    expect([last().frames, socket.stats.state]).toEqual([[{ id: 1, input: { token: "t" }, deadlineMs: 30_000 }], "connecting"]);
    last().reply({ id: 1, output: "welcome" });
    await settled();
    expect([answers, last().sent.at(-1), socket.stats.state]).toEqual([["welcome"], "waits", "open"]);
  });

  test("what it asks a server that is leaving fails with its connection, and is not sent to the next one as well", async () => {
    const refusals: unknown[] = [];
    const { socket, clock, last, sockets } = bench({
      onOpen: async (connection) => {
        await connection.request("subscribe").catch((error: unknown) => {
          refusals.push(error);
          throw error;
        });
      },
    });
    void socket.connect();
    await settled();
    last().open();
    last().reply({ id: 1, error: { code: "ERR_WEBSOCKET_REJECTED", reason: "draining" } });
    await settled();
    expect(refusals).toMatchObject([{ code: "ERR_WEBSOCKET_REJECTED", reason: "draining" }]);
    last().agree();
    await clock.advanceAsync(100);
    last().open();
    await settled();
    expect([sockets.length, last().frames.map(({ id, input }) => [id, input])]).toEqual([2, [[2, "subscribe"]]]);
    last().reply({ id: 2, output: "welcome" });
    await settled();
    expect([socket.stats.state, last().frames.length, socket.stats.pending]).toEqual(["open", 1, 0]);
  });

  test("when it fails the connection is cut, and the next attempt follows", async () => {
    const refused = new Error("bad token");
    const { socket, clock, last, events, sockets } = bench({ onOpen: () => Promise.reject(refused) });
    void socket.connect();
    await settled();
    last().open();
    await settled();
    expect(events[0]).toEqual(["disconnected", { code: 1006, reason: "onOpen failed", cause: refused }]);
    await clock.advanceAsync(100);
    expect(sockets.length).toBe(2);
  });

  test("a connection that is gone takes nothing, and says that nothing was sent", async () => {
    let fresh: { request(input: unknown): Promise<unknown>; send(data: string): void } | undefined;
    const { last } = await openBench({ onOpen: (connection) => void (fresh = connection) });
    last().fall();
    await expect(fresh?.request("x")).rejects.toMatchObject({ code: "ERR_SOCKET_LOST", wasSent: false });
    expect(() => fresh?.send("x")).toThrow("was not sent");
  });
});

describe("requests", () => {
  test("get the answer with their id, in whatever order answers come", async () => {
    const { socket, last } = await openBench();
    const [one, two] = [socket.request({ n: 1 }), socket.request({ n: 2 })];
    expect(last().frames).toEqual([
      { id: 1, input: { n: 1 }, deadlineMs: 30_000 },
      { id: 2, input: { n: 2 }, deadlineMs: 30_000 },
    ]);
    last().reply({ id: 2, output: "second" });
    last().reply({ id: 1, output: null });
    expect([await one, await two, socket.stats.pending]).toEqual([null, "second", 0]);
  });

  test("are written when they are made: what happens to the input later changes nothing", async () => {
    const { socket, last } = bench();
    const input = { n: 1 };
    void socket.request(input).catch(() => undefined);
    input.n = 2;
    void socket.connect();
    await settled();
    last().open();
    expect(last().frames[0]?.input).toEqual({ n: 1 });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    await expect(socket.request(circle)).rejects.toThrow("circular");
    expect(socket.stats.pending).toBe(1);
  });

  test("an error of the server is an error with its code, reason and time", async () => {
    const { socket, last } = await openBench();
    const asked = kept(socket.request("x"));
    last().reply({ id: 1, error: { status: 429, title: "Too Many Requests", code: "ERR_LIMITER_REJECTED", reason: "rate", retryAfterMs: 250 } });
    const { error } = (await ending(asked)) as { error: unknown };
    expect(error).toMatchObject({ name: "SocketReplyError", code: "ERR_LIMITER_REJECTED", reason: "rate", retryAfterMs: 250, status: 429 });
    expect(error).toMatchObject({ message: "the server answered with the error Too Many Requests (ERR_LIMITER_REJECTED)" });
    const bare = kept(socket.request("y"));
    last().reply({ id: 2, error: "oops" });
    await expect(bare).rejects.toMatchObject({ code: "ERR_SOCKET_REPLY", reply: "oops" });
  });

  test("a time that is over sends a cancel, and rejects as a timeout; the answer that comes then is counted as late", async () => {
    const { socket, clock, last, events } = await openBench({ requestTimeoutMs: 100 });
    const asked = kept(socket.request("x", { deadlineAt: 60 }));
    const own = kept(socket.request("y"));
    expect(last().frames.map(({ deadlineMs }) => deadlineMs)).toEqual([60, 100]);
    await clock.advanceAsync(60);
    expect(await ending(asked)).toMatchObject({ error: { code: "ERR_TIMEOUT", reason: "deadline", timeoutMs: 60 } });
    await clock.advanceAsync(40);
    expect(await ending(own)).toMatchObject({ error: { code: "ERR_TIMEOUT", reason: "timeout", timeoutMs: 100 } });
    expect(last().frames.slice(2)).toEqual([
      { id: 1, cancel: true },
      { id: 2, cancel: true },
    ]);
    last().reply({ id: 1, output: "late" });
    expect([socket.stats.lateReplies, events.length, clock.pendingTimers]).toEqual([1, 1, 0]);
  });

  test("one that was never sent in time is a refusal, and the time in the queue counts", async () => {
    const { socket, clock, last } = bench();
    const brief = kept(socket.request("x", { deadlineAt: 50 }));
    const long = kept(socket.request("y", { deadlineAt: 500 }));
    await clock.advanceAsync(50);
    const { error } = (await ending(brief)) as { error: unknown };
    expect([isRejected(error), error]).toMatchObject([true, { code: "ERR_DEADLINE_EXCEEDED", reason: "expired" }]);
    void socket.connect();
    await settled();
    last().open();
    expect(last().frames).toEqual([{ id: 2, input: "y", deadlineMs: 450 }]);
    await expect(socket.request("z", { deadlineAt: 50 })).rejects.toMatchObject({ code: "ERR_DEADLINE_EXCEEDED" });
    expect(await ending(long)).toBe("pending");
  });

  test("an abort sends a cancel, passes its reason through, and leaves no listener", async () => {
    const { socket, last } = await openBench();
    const controller = new AbortController();
    const reason = { gone: true };
    const asked = kept(socket.request("x", { signal: controller.signal }));
    const answered = kept(socket.request("y", { signal: controller.signal }));
    last().reply({ id: 2, output: 1 });
    await answered;
    controller.abort(reason);
    expect(await ending(asked)).toEqual({ error: reason });
    expect(last().frames.at(-1)).toEqual({ id: 1, cancel: true });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await expect(socket.request("z", { signal: controller.signal })).rejects.toBe(reason);
    expect(socket.stats.pending).toBe(0);
  });

  test("one that is aborted in the queue is not sent at all", async () => {
    const { socket, last } = bench();
    const controller = new AbortController();
    const asked = kept(socket.request("x", { signal: controller.signal }));
    controller.abort("no");
    expect(await ending(asked)).toEqual({ error: "no" });
    void socket.connect();
    await settled();
    last().open();
    expect(last().sent).toEqual([]);
  });

  test("one whose connection is lost may have been done, and says so; an idempotent one is sent again, before what waits", async () => {
    const { socket, clock, last, events } = await openBench();
    const once = kept(socket.request("once"));
    const twice = kept(socket.request("twice", {}, { isIdempotent: true }));
    last().fall(1012, "restarts");
    const error = ((await ending(once)) as { error: SocketLostError }).error;
    expect(error).toMatchObject({ code: "ERR_SOCKET_LOST", wasSent: true, closeCode: 1012, closeReason: "restarts" });
    expect(isRejected(error)).toBe(false);
    expect(events).toContainEqual(["lost", { ids: [1, 2], resent: [2] }]);
    socket.send("waits");
    await clock.advanceAsync(100);
    last().open();
    expect([last().frames, last().sent.at(-1)]).toEqual([[{ id: 2, input: "twice", deadlineMs: 29_900 }], "waits"]);
    last().reply({ id: 2, output: "done" });
    expect(await twice).toBe("done");
    expect(socket.stats).toMatchObject({ lost: 2, resent: 1, sent: 4 });
  });

  test("an idempotent one is sent no more often than maxSends", async () => {
    const { socket, clock, last } = await openBench({ maxSends: 2 });
    const asked = kept(socket.request("poison", {}, { isIdempotent: true }));
    last().fall();
    await clock.advanceAsync(100);
    last().open();
    expect(last().frames.length).toBe(1);
    last().fall();
    expect(await ending(asked)).toMatchObject({ error: { code: "ERR_SOCKET_LOST", wasSent: true } });
  });

  test("an answer to one that is not on this connection settles nothing", async () => {
    const { socket, clock, last } = await openBench();
    const asked = kept(socket.request("x", {}, { isIdempotent: true }));
    last().fall();
    await clock.advanceAsync(100);
    last().reply({ id: 1, output: "too early" });
    expect([await ending(asked), socket.stats.lateReplies]).toEqual(["pending", 1]);
  });

  test("what is no answer to us is received", async () => {
    const { last, events } = await openBench();
    for (const data of ["news", "{broken", '{"id":9,"output":1}', '{"goaway":true,"more":1}', new Uint8Array([1])]) last().receive(data);
    expect(events.filter(([type]) => type === "received").length).toBe(5);
  });
});

describe("the queue", () => {
  test("refuses the newcomer when it is full, or drops the oldest", async () => {
    const refusing = bench({ queueLimit: 2 });
    refusing.socket.send("a");
    void refusing.socket.request("b").catch(() => undefined);
    expect(() => refusing.socket.send("c")).toThrow("as many messages wait to be sent as may");
    await expect(refusing.socket.request("d")).rejects.toMatchObject({ code: "ERR_SOCKET_REJECTED", reason: "queue-full" });
    expect(refusing.socket.stats).toMatchObject({ queued: 2, pending: 1 });

    const dropping = bench({ queueLimit: 2, overflow: "drop-oldest" });
    const first = kept(dropping.socket.request("a"));
    dropping.socket.send("b");
    dropping.socket.send("c");
    expect(await ending(first)).toMatchObject({ error: { code: "ERR_SOCKET_REJECTED", reason: "evicted" } });
    dropping.socket.send("d");
    expect(dropping.events).toEqual([
      ["dropped", { data: "a" }],
      ["dropped", { data: "b" }],
    ]);
    expect(dropping.socket.stats).toMatchObject({ queued: 2, dropped: 2, pending: 0 });
    expect(dropping.clock.pendingTimers).toBe(0);
  });

  test("a connection whose own buffer is full is sent nothing more until it has room, in order", async () => {
    const { socket, clock, last } = await openBench({ maxBufferedBytes: 100, queueLimit: 3 });
    last().bufferedAmount = 101;
    for (const data of ["a", "b", "c"]) socket.send(data);
    expect(() => socket.send("d")).toThrow("as many messages wait");
    await clock.advanceAsync(1_000);
    expect([last().sent, clock.pendingTimers]).toEqual([[], 1]);
    last().bufferedAmount = 100;
    await clock.advanceAsync(20);
    expect([last().sent, clock.pendingTimers]).toEqual([["a", "b", "c"], 0]);
  });

  test("nothing is sent on a connection that is closing", async () => {
    const { socket, last } = await openBench();
    last().readyState = 2;
    socket.send("a");
    expect([last().sent, socket.stats.queued]).toEqual([[], 1]);
  });
});

describe("a server that goes away", () => {
  test("is sent nothing more; its answers count, and what it returns goes to the next one, whatever it is", async () => {
    const { socket, clock, last, events, sockets } = await openBench();
    const begun = kept(socket.request("begun"));
    const returned = [socket.request("second"), socket.request("third")];
    last().reply({ goaway: true });
    const later = kept(socket.request("later"));
    socket.send("message");
    const refusal = { status: 503, code: "ERR_WEBSOCKET_REJECTED", reason: "draining" };
    last().reply({ id: 3, error: refusal });
    last().reply({ id: 2, error: refusal });
    expect([last().frames.length, socket.stats.queued, last().closedWith]).toEqual([3, 4, undefined]);
    last().reply({ id: 1, output: "done" });
    expect(await begun).toBe("done");
    expect(last().closedWith).toBe(1000); // it owes nothing any more, so there is no reason to stay
    last().agree();
    expect(events.some(([type]) => type === "lost" || type === "closed")).toBe(false);
    await clock.advanceAsync(100);
    last().open();
    expect([sockets.length, last().frames.map(({ input }) => input), last().sent.at(-1)]).toEqual([2, ["second", "third", "later"], "message"]);
    for (const id of [2, 3, 4]) last().reply({ id, output: id });
    expect(await Promise.all([...returned, later])).toEqual([2, 3, 4]);
  });

  test("one that only returns a request is going as well", async () => {
    const { socket, last } = await openBench();
    void socket.request("a").catch(() => undefined);
    last().reply({ id: 1, error: { code: "ERR_WEBSOCKET_REJECTED", reason: "draining" } });
    socket.send("b");
    expect([last().sent.length, last().closedWith]).toEqual([1, 1000]);
  });

  test("one that does not answer the goodbye is left after a second", async () => {
    const { clock, last, sockets } = await openBench();
    last().reply({ goaway: true });
    await clock.advanceAsync(1_000);
    expect(sockets[0]?.closedWith).toBe("terminate");
    await clock.advanceAsync(100);
    expect(sockets.length).toBe(2);
    last().open();
  });
});

describe("close", () => {
  test("sends what waits, waits for answers, says goodbye, and takes nothing more", async () => {
    const { socket, last, clock } = await openBench();
    const asked = kept(socket.request("x"));
    const closed = socket.close({ code: 4000, reason: "done" });
    expect(() => socket.send("y")).toThrow("it is closed");
    await expect(socket.request("y")).rejects.toMatchObject({ code: "ERR_SOCKET_REJECTED", reason: "closed" });
    expect(last().closedWith).toBeUndefined();
    last().reply({ id: 1, output: 1 });
    expect([await asked, last().closedWith]).toEqual([1, 4000]);
    last().fall(4000, "done");
    expect(await closed).toEqual({ code: 4000, reason: "done", unsent: 0, unanswered: 0 });
    expect([socket.close() === closed, clock.pendingTimers, socket.stats.state]).toEqual([true, 0, "closed"]);
  });

  test("connects again for what waits while the grace lasts", async () => {
    const { socket, last, clock } = await openBench();
    last().fall();
    socket.send("a");
    const closed = socket.close();
    await clock.advanceAsync(100);
    last().open();
    expect([last().sent, last().closedWith]).toEqual([["a"], 1000]);
    last().agree();
    expect(await closed).toMatchObject({ code: 1000, unsent: 0 });
  });

  test("counts what was never sent, and what was never answered, when the grace is over", async () => {
    const { socket, last, clock } = await openBench({ maxBufferedBytes: 10 });
    const sent = kept(socket.request("sent"));
    last().bufferedAmount = 11;
    const waits = kept(socket.request("waits"));
    socket.send("waits too");
    const closed = socket.close({ graceMs: 50 });
    await clock.advanceAsync(50);
    last().agree();
    expect(await closed).toEqual({ code: 1000, reason: "", unsent: 2, unanswered: 1 });
    expect(await ending(sent)).toMatchObject({ error: { code: "ERR_SOCKET_LOST", wasSent: true } });
    expect(await ending(waits)).toMatchObject({ error: { code: "ERR_SOCKET_REJECTED", reason: "closed" } });
    expect(clock.pendingTimers).toBe(0);
  });

  test("ends at once where nobody has to be told: before connect, while it waits, while it connects", async () => {
    const idle = bench();
    expect(await idle.socket.close()).toEqual({ code: 1000, reason: "", unsent: 0, unanswered: 0 });
    await expect(idle.socket.connect()).rejects.toMatchObject({ reason: "closed" });
    const waiting = await openBench();
    waiting.last().fall();
    expect(await waiting.socket.close()).toMatchObject({ code: 1000 });
    const connecting = bench();
    void connecting.socket.connect();
    await settled();
    expect(await connecting.socket.close()).toMatchObject({ code: 1000 });
    expect(connecting.last().closedWith).toBe("terminate");
    for (const { clock, sockets } of [idle, waiting, connecting]) {
      await clock.advanceAsync(60_000);
      expect([clock.pendingTimers, sockets.length <= 1]).toEqual([0, true]);
    }
  });

  test("a server that does not answer the goodbye is cut off", async () => {
    const { socket, last, clock } = await openBench();
    const closed = socket.close({ goodbyeMs: 500 });
    await clock.advanceAsync(500);
    expect([last().closedWith, await closed]).toMatchObject(["terminate", { code: 1006 }]);
  });

  test("from within a listener is fine", async () => {
    const { socket, last, events } = await openBench();
    socket.on("disconnected", () => void socket.close());
    last().fall();
    await settled();
    expect([events.at(-1)?.[0], socket.stats.state]).toEqual(["closed", "closed"]);
  });
});

describe("the heartbeat", () => {
  const heartbeat = { intervalMs: 100, timeoutMs: 30 };

  test("asks after a silence, and cuts a connection that gives no sign of life", async () => {
    const { clock, last, events } = await openBench({ heartbeat });
    await clock.advanceAsync(60);
    last().receive("alive");
    await clock.advanceAsync(60);
    expect(last().pings).toBe(0);
    await clock.advanceAsync(40);
    expect(last().pings).toBe(1);
    last().pong();
    await clock.advanceAsync(100);
    expect(last().pings).toBe(2);
    await clock.advanceAsync(29);
    expect(events.length).toBe(2);
    await clock.advanceAsync(1);
    expect(events.slice(2, 3)).toEqual([["disconnected", { code: 1006, reason: "the server gave no sign of life", cause: undefined }]]);
  });

  test("an answer in the same millisecond counts, and so does one that a pause of the process has held up", async () => {
    const { clock, last, socket } = await openBench({ heartbeat });
    clock.advance(100);
    last().pong();
    await clock.advanceAsync(30);
    expect(socket.stats.state).toBe("open");
    await clock.advanceAsync(70);
    clock.jump(10_000); // the loop was blocked: the timer is due, and the pong is still in the socket
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (callback, delayMs) => {
      if (delayMs === 0) last().pong(); // it is read in the turn between
      return setTimer(callback, delayMs);
    };
    await clock.advanceAsync(0);
    expect(socket.stats.state).toBe("open");
  });

  test("can be a message, where no ping can be sent", async () => {
    const { clock, last } = await openBench({ heartbeat: { ...heartbeat, message: "ping" } });
    await clock.advanceAsync(100);
    expect([last().sent, last().pings]).toEqual([["ping"], 0]);
  });

  test("keeps no process alive by itself", async () => {
    const { clock } = await openBench({ heartbeat });
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
  });
});
