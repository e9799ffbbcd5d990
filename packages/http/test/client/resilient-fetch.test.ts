import { getEventListeners } from "node:events";
import { Balancer } from "@breakwater/balancer";
import { isRejected, type Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { resilientFetch, type ResilientFetch } from "../../src/client.ts";

type Fake = ReturnType<typeof vi.fn<typeof fetch>>;

const url = "http://orders.test/1";
const noWait = { backoff: () => 0, budget: false } as const;

function answers(...statuses: (number | Error)[]): Fake {
  let count = 0;
  return vi.fn<typeof fetch>(async () => {
    const status = statuses[Math.min(count, statuses.length - 1)] ?? 200;
    count += 1;
    if (status instanceof Error) throw status;
    return new Response(`answer ${count}`, { status });
  });
}

/** A fetch that never answers, and lets go when it is told to. */
function hangs(): Fake {
  return vi.fn<typeof fetch>(
    (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
  );
}

function headersOf(fake: Fake, attempt: number): Headers {
  return new Headers(fake.mock.calls[attempt - 1]?.[1]?.headers);
}

describe("statuses and errors", () => {
  test("a 503 is asked for again, and the answer that comes then is returned", async () => {
    const fake = answers(503, 200);
    const response = await resilientFetch({ fetch: fake, retry: noWait })(url);
    expect([response.status, await response.text(), fake.mock.calls.length]).toEqual([200, "answer 2", 2]);
  });

  test("the last bad response is returned with its body, and nothing is thrown", async () => {
    const response = await resilientFetch({ fetch: answers(503), retry: noWait })(url);
    expect([response.status, await response.text()]).toEqual([503, "answer 3"]);
  });

  test("neither 404 nor 500 is asked for again, unless the statuses say so", async () => {
    for (const status of [404, 500]) {
      const fake = answers(status);
      expect((await resilientFetch({ fetch: fake, retry: noWait })(url)).status).toBe(status);
      expect(fake).toHaveBeenCalledTimes(1);
    }
    const told = answers(500, 200);
    expect((await resilientFetch({ fetch: told, retry: { ...noWait, statuses: [500] } })(url)).status).toBe(200);
  });

  test("a network error is tried again, and the last one passes through as it is", async () => {
    const broken = new TypeError("fetch failed");
    expect((await resilientFetch({ fetch: answers(broken, 200), retry: noWait })(url)).status).toBe(200);
    await expect(resilientFetch({ fetch: answers(broken), retry: noWait })(url)).rejects.toBe(broken);
  });

  test("the caller's mistakes are told by the platform, sent nowhere, and count for no breaker", async () => {
    const fake = answers(200);
    const send = resilientFetch({ fetch: fake, retry: noWait });
    for (let count = 0; count < 6; count += 1) {
      await expect(send("nonsense")).rejects.toThrow(TypeError);
      await expect(send(url, { method: "BAD METHOD" })).rejects.toThrow(TypeError);
      await expect(send(url, { body: "x" })).rejects.toThrow(TypeError);
      await expect(send(url, { headers: { "bad name": "x" } })).rejects.toThrow(TypeError);
      await expect(send("http://user:password@orders.test/")).rejects.toThrow(TypeError);
      await expect(send(url, { redirect: "sideways" as "error" })).rejects.toThrow(TypeError);
      await expect(send(url, { signal: {} as AbortSignal })).rejects.toThrow("AbortSignal");
      for (const body of [new ReadableStream(), (async function* () { yield new Uint8Array(1); })()]) {
        await expect(send(url, { method: "POST", body })).rejects.toThrow("duplex");
      }
      const used = new ReadableStream();
      used.getReader();
      await expect(send(url, { method: "POST", body: used, duplex: "half" })).rejects.toThrow("locked");
    }
    expect(fake).not.toHaveBeenCalled();
    expect(send.stats.breaker).toMatchObject({ keys: 0, open: 0 });
  });

  test("null may stand in place of the options, as fetch takes it", async () => {
    expect((await resilientFetch({ fetch: answers(200) })(url, null as never)).status).toBe(200);
  });

  test("a Request may stand in place of the options, as fetch takes it", async () => {
    const fake = answers(503, 200);
    const request = new Request("http://elsewhere.test", { method: "PUT", headers: { a: "b" } });
    expect((await resilientFetch({ fetch: fake, retry: noWait })(url, request)).status).toBe(200);
    const sent = fake.mock.calls.map(([input, init]) => new Request(input, init));
    expect(sent.map((one) => [one.method, one.url, one.headers.get("a")])).toEqual(Array(2).fill(["PUT", url, "b"]));
  });

  test("a request whose body was read already is a mistake as well", async () => {
    const fake = answers(200);
    const used = new Request(url, { method: "POST", body: "x" });
    await used.text();
    await expect(resilientFetch({ fetch: fake })(used)).rejects.toThrow(TypeError);
    expect(fake).not.toHaveBeenCalled();
  });

  test("a response without a body is handed out as it came", async () => {
    const empty = new Response(null, { status: 204 });
    const { signal } = new AbortController();
    expect(await resilientFetch({ fetch: async () => empty })(url, { method: "HEAD", signal })).toBe(empty);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("what may be sent twice", () => {
  test.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])("%s is", async (method) => {
    const fake = answers(503, 200);
    await resilientFetch({ fetch: fake, retry: noWait })(url, { method });
    expect(fake).toHaveBeenCalledTimes(2);
  });

  test.each(["POST", "PATCH"])("%s is only with an Idempotency-Key, which is sent with each attempt", async (method) => {
    const once = answers(503, 200);
    const send = resilientFetch({ fetch: once, retry: noWait });
    const reasons: string[] = [];
    send.on("gaveUp", ({ reason }) => reasons.push(reason));
    expect((await send(url, { method, body: "x" })).status).toBe(503);
    expect([once.mock.calls.length, reasons]).toEqual([1, ["not-idempotent"]]);

    const twice = answers(503, 200);
    await resilientFetch({ fetch: twice, retry: noWait })(url, { method, body: "x", headers: { "Idempotency-Key": "7" } });
    expect([headersOf(twice, 1).get("idempotency-key"), headersOf(twice, 2).get("idempotency-key")]).toEqual(["7", "7"]);
  });

  test("a body that is a stream, an iterator or a Request's is not, whatever the method", async () => {
    const streams: [Request | string, RequestInit][] = [
      [url, { method: "PUT", body: new Blob(["x"]).stream(), duplex: "half" }],
      [new Request(url, { method: "PUT", body: "x" }), {}],
    ];
    for (const [input, init] of streams) {
      const fake = answers(503, 200);
      expect((await resilientFetch({ fetch: fake, retry: noWait })(input, init)).status).toBe(503);
      expect(fake).toHaveBeenCalledTimes(1);
    }
  });

  test("a text, bytes, a form and a Request without a body are", async () => {
    const form = new FormData();
    form.set("a", "b");
    const bodies = ["x", new Uint8Array(2), new ArrayBuffer(2), new URLSearchParams("a=b"), new Blob(["x"]), form];
    for (const body of bodies) {
      const fake = answers(503, 200);
      await resilientFetch({ fetch: fake, retry: noWait })(url, { method: "PUT", body });
      expect(fake).toHaveBeenCalledTimes(2);
      expect(headersOf(fake, 2).has("content-type")).toBe(false); // it is fetch that knows a form's boundary
    }
    const fake = answers(503, 200);
    await resilientFetch({ fetch: fake, retry: noWait })(new Request(url));
    expect(fake).toHaveBeenCalledTimes(2);
  });
});

describe("time", () => {
  test("Retry-After is the least wait", async () => {
    const clock = new ManualClock();
    const fake = vi.fn<typeof fetch>(async () => new Response(null, { status: 503, headers: { "Retry-After": "2" } }));
    void resilientFetch({ fetch: fake, clock, random: () => 0, retry: { budget: false } })(url);
    await clock.advanceAsync(1_999);
    expect(fake).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(1);
    expect(fake).toHaveBeenCalledTimes(2);
  });

  test("Retry-After as a date is the least wait as well, and one that has passed is none", async () => {
    for (const [inMs, leastMs] of [[5_000, 4_000], [-5_000, 0]] as const) {
      const clock = new ManualClock();
      const date = new Date(Date.now() + inMs).toUTCString();
      const fake = vi.fn<typeof fetch>(async () => new Response(null, { status: 503, headers: { "Retry-After": date } }));
      void resilientFetch({ fetch: fake, clock, retry: noWait })(url);
      await clock.advanceAsync(Math.max(0, leastMs - 1));
      expect(fake).toHaveBeenCalledTimes(leastMs === 0 ? 3 : 1);
      await clock.advanceAsync(2_000);
      expect(fake.mock.calls.length).toBeGreaterThan(1);
    }
  });

  test.each(["1.5", "0x10", "-5", "1e3", "soon", ""])("Retry-After %j is not understood, and so the backoff decides", async (field) => {
    const clock = new ManualClock();
    const fake = vi.fn<typeof fetch>(async () => new Response(null, { status: 503, headers: { "Retry-After": field } }));
    const answer = resilientFetch({ fetch: fake, clock, breaker: false, retry: noWait })(url);
    await clock.advanceAsync(0);
    expect((await answer).status).toBe(503);
    expect(fake).toHaveBeenCalledTimes(3);
  });

  test("a wait that a busy process ends after the deadline fails with the TimeoutError, not with a response whose body is gone", async () => {
    // It steps over both moments at once; the one who waits for the next attempt hears of it first.
    const clock = new ManualClock();
    let isLate = false;
    const late = { now: () => clock.now() + (isLate ? 1_000 : 0), setTimer: clock.setTimer.bind(clock) };
    const send = resilientFetch({ fetch: answers(503), clock: late, deadlineMs: 500, breaker: false, retry: { ...noWait, backoff: () => 100 } });
    const failed = expect(send(url)).rejects.toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline", timeoutMs: 500 });
    await settled();
    isLate = true;
    await clock.advanceAsync(100);
    await failed;
  });

  test("Retry-After beyond the deadline gives up at once", async () => {
    const clock = new ManualClock();
    const fake = vi.fn<typeof fetch>(async () => new Response("later", { status: 503, headers: { "Retry-After": "5" } }));
    const send = resilientFetch({ fetch: fake, clock, deadlineMs: 4_000 });
    const reasons: string[] = [];
    send.on("gaveUp", ({ reason, status }) => reasons.push(`${reason} ${String(status)}`));
    const response = await send(url);
    expect([response.status, await response.text(), reasons]).toEqual([503, "later", ["deadline 503"]]);
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("Retry-After beyond what anybody would wait for gives up at once, without any deadline", async () => {
    const clock = new ManualClock();
    const fake = vi.fn<typeof fetch>(async () => new Response(null, { status: 429, headers: { "Retry-After": "86400" } }));
    expect((await resilientFetch({ fetch: fake, clock })(url)).status).toBe(429);
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("each attempt has its time again, and the deadline ends them all", async () => {
    const clock = new ManualClock();
    const fake = hangs();
    const send = resilientFetch({ fetch: fake, clock, timeoutMs: 400, deadlineMs: 1_000, retry: noWait });
    const failed = expect(send(url)).rejects.toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline" });
    await clock.advanceAsync(900);
    expect(fake).toHaveBeenCalledTimes(3);
    await clock.advanceAsync(100);
    await failed;
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("an attempt is told in a header how long it has, and a field of the caller's own stays", async () => {
    const clock = new ManualClock();
    const fake = answers(200);
    const send = resilientFetch({ fetch: fake, clock, timeoutMs: 800 });
    await send(url, { call: { deadlineAt: 300 } });
    await send(url);
    await send(url, { headers: { "X-Request-Timeout-Ms": "5" } });
    await resilientFetch({ fetch: fake, clock, timeoutHeader: false })(url);
    const sent = [1, 2, 3, 4].map((attempt) => headersOf(fake, attempt).get("x-request-timeout-ms"));
    expect(sent).toEqual(["300", "800", "5", null]);
  });

  test("a call's own deadline ends it when it is the tighter one, whatever the client's", async () => {
    for (const deadlineMs of [undefined, 1_000]) {
      const clock = new ManualClock();
      const send = resilientFetch({ fetch: hangs(), clock, deadlineMs });
      const late = expect(send(url, { call: { deadlineAt: clock.now() + 400 } })).rejects.toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline" });
      await clock.advanceAsync(400);
      await late;
      expect(clock.pendingRefTimers).toBe(0);
    }
  });

  test("a deadline that has passed sends nothing", async () => {
    const fake = answers(200);
    const refusal: unknown = await resilientFetch({ fetch: fake, clock: new ManualClock(10) })(url, { call: { deadlineAt: 5 } }).catch((e: unknown) => e);
    expect(isRejected(refusal) && refusal.code).toBe("ERR_DEADLINE_EXCEEDED");
    expect(fake).not.toHaveBeenCalled();
  });

  test("the time of an attempt can cover the body, which fails when it is over", async () => {
    const clock = new ManualClock();
    const cancelled = vi.fn();
    const fake = vi.fn<typeof fetch>(async () => new Response(new ReadableStream({ cancel: cancelled })));
    const response = await resilientFetch({ fetch: fake, clock, timeoutMs: 500, timeoutCovers: "body" })(url);
    const failed = expect(response.text()).rejects.toMatchObject({ code: "ERR_TIMEOUT", timeoutMs: 500 });
    await clock.advanceAsync(500);
    await failed;
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect([clock.pendingRefTimers, fake.mock.calls[0]?.[1]?.signal?.aborted]).toEqual([0, true]);
  });

  test("a body that ends in time leaves no timer", async () => {
    const clock = new ManualClock();
    const send = resilientFetch({ fetch: answers(200), clock, timeoutCovers: "body" });
    expect(await (await send(url)).text()).toBe("answer 1");
    await (await send(url)).body?.cancel();
    expect(clock.pendingRefTimers).toBe(0);
  });
});

describe("the caller's abort", () => {
  test("keeps its reason, whatever that is, and is nobody's failure", async () => {
    for (const reason of [new Error("gone"), "gone", 0]) {
      const fake = hangs();
      const send = resilientFetch({ fetch: fake, retry: noWait, breaker: { trip: undefined } });
      const controller = new AbortController();
      const failed = expect(send(url, { signal: controller.signal })).rejects.toBe(reason);
      await settled();
      controller.abort(reason);
      await failed;
      expect(fake).toHaveBeenCalledTimes(1);
      expect(send.breaker?.peek("http://orders.test")?.stats).toMatchObject({ failures: 0 });
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    }
  });

  test("ends the wait for another attempt", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const failed = expect(resilientFetch({ fetch: answers(503), clock })(url, { signal: controller.signal })).rejects.toBe("gone");
    await settled();
    controller.abort("gone");
    await failed;
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("reaches the body after the headers, with its reason, and a body that has ended listens no longer", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const open = await resilientFetch({ fetch: async () => new Response(new ReadableStream()) })(url, { signal });
    const read = await resilientFetch({ fetch: answers(200) })(url, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    expect(await read.text()).toBe("answer 1");
    const failed = expect(open.text()).rejects.toBe("gone");
    controller.abort("gone");
    await failed;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("comes from init, from a Request, and from the call alike", async () => {
    const ways: ((send: ResilientFetch, signal: AbortSignal) => Promise<Response>)[] = [
      (send, signal) => send(url, { signal }),
      (send, signal) => send(new Request(url, { signal })),
      (send, signal) => send(url, { call: { signal } }),
      (send, signal) => send(new Request(url), { call: { signal } }),
      (send, signal) => send(url, { signal: new AbortController().signal, call: { signal } }),
    ];
    for (const way of ways) {
      const controller = new AbortController();
      const failed = expect(way(resilientFetch({ fetch: hangs() }), controller.signal)).rejects.toBe("gone");
      await settled();
      controller.abort("gone");
      await failed;
    }
  });

  test("no listener is left on a signal that sees many calls", async () => {
    const { signal } = new AbortController();
    const other = new AbortController().signal;
    const send = resilientFetch({ fetch: answers(503, 200, 404), retry: noWait });
    for (let count = 0; count < 100; count += 1) await (await send(url, { signal, call: { signal: other } })).text();
    expect([getEventListeners(signal, "abort").length, getEventListeners(other, "abort").length]).toEqual([0, 0]);
  });
});

describe("breaker, limiter, budget", () => {
  test("the breaker of an origin opens on 503s, each of which is still returned, and leaves other origins alone", async () => {
    const clock = new ManualClock();
    const fake = answers(503);
    const send = resilientFetch({ fetch: fake, clock, retry: false });
    for (let count = 0; count < 5; count += 1) expect((await send(url)).status).toBe(503);
    await expect(send(url)).rejects.toMatchObject({ code: "ERR_BREAKER_OPEN" });
    expect(fake).toHaveBeenCalledTimes(5);
    expect((await send("http://other.test/")).status).toBe(503);
    expect(send.stats.breaker).toMatchObject({ keys: 2, open: 1 });
  });

  test("an origin that hangs until the client's own deadline is a failure to the breaker, whatever a fetch rejects with", async () => {
    for (const rejection of [undefined, new DOMException("aborted", "AbortError")]) {
      const clock = new ManualClock();
      const hanging = vi.fn<typeof fetch>((_, init) => new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(rejection ?? init.signal?.reason));
      }));
      const send = resilientFetch({ fetch: hanging, clock, deadlineMs: 1_000 });
      for (let count = 0; count < 5; count += 1) {
        const late = expect(send(url)).rejects.toMatchObject({ code: "ERR_TIMEOUT", reason: "deadline" });
        await clock.advanceAsync(1_000);
        await late;
      }
      await expect(send(url)).rejects.toMatchObject({ code: "ERR_BREAKER_OPEN" });
    }
  });

  test("an attempt that had less than half of the deadline, waited in the line, or was the caller's hurry, says nothing", async () => {
    const clock = new ManualClock();
    const send = resilientFetch({ fetch: hangs(), clock, deadlineMs: 1_000, retry: false, limiter: { limit: 1 } });
    for (let count = 0; count < 20; count += 1) {
      const hurried = expect(send(url, { call: { deadlineAt: clock.now() + 400 } })).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
      await clock.advanceAsync(400);
      await hurried;
    }
    const first = expect(send(url)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    const waiting = expect(send(url)).rejects.toMatchObject({ reason: "deadline" });
    await clock.advanceAsync(1_000);
    await Promise.all([first, waiting]);
    expect(send.breaker?.peek("http://orders.test")?.stats).toMatchObject({ state: "closed", failures: 1 });
  });

  test("a 404 is a success to the breaker, a 429 says nothing", async () => {
    const send = resilientFetch({ fetch: answers(404, 429), retry: false });
    await send(url);
    await send(url);
    expect(send.breaker?.peek("http://orders.test")?.stats).toMatchObject({ failures: 0, successes: 1 });
  });

  test("attempts to one origin wait for a place, and the time of an attempt begins when it has one", async () => {
    const clock = new ManualClock();
    const fake = hangs();
    const send = resilientFetch({ fetch: fake, clock, retry: false, timeoutMs: 100, limiter: { limit: 1 } });
    const both = [send(url), send(url)].map((one) => expect(one).rejects.toMatchObject({ code: "ERR_TIMEOUT", reason: "timeout" }));
    await settled();
    expect(fake).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(100);
    expect(fake).toHaveBeenCalledTimes(2);
    await clock.advanceAsync(100);
    await Promise.all(both);
  });

  test("each origin has a budget of its own", async () => {
    const clock = new ManualClock();
    const fake = answers(503);
    const send = resilientFetch({ fetch: fake, clock, breaker: false, retry: { backoff: () => 0, attempts: 2, budget: { ratio: 0, minPerSecond: 0.1 } } });
    for (const origin of ["http://a.test", "http://a.test", "http://b.test"]) await (await call(clock, send(origin))).text();
    expect(fake.mock.calls.map(([input]) => (input as URL).host)).toEqual(["a.test", "a.test", "a.test", "b.test", "b.test"]);
  });

  test("a limit of an origin that is idle is not kept", async () => {
    const send = resilientFetch({ fetch: answers(200), limiter: { limit: 2 }, retry: false });
    for (let host = 0; host < 50; host += 1) await send(`http://h${host}.test`);
    expect(send.stats.limiter).toMatchObject({ keys: 0, inUse: 0 });
  });

  test("no more origins are remembered than there may be", async () => {
    const send = resilientFetch({ fetch: answers(200), maxOrigins: 3 });
    for (let host = 0; host < 50; host += 1) await send(`http://h${host}.test`);
    expect([send.stats.origins, send.stats.breaker?.keys]).toEqual([3, 3]);
  });
});

describe("hedges", () => {
  test("a slow request is sent once more, the first answer is returned, and the loser is told to stop", async () => {
    const clock = new ManualClock();
    const slow = hangs();
    const quick = answers(200);
    const fake: Fake = vi.fn<typeof fetch>((input, init) => (fake.mock.calls.length === 1 ? slow : quick)(input, init));
    const send = resilientFetch({ fetch: fake, clock, hedge: { delayMs: 50 } });
    const answer = send(url);
    await clock.advanceAsync(50);
    expect(await (await answer).text()).toBe("answer 1");
    expect(slow.mock.calls[0]?.[1]?.signal?.reason).toMatchObject({ code: "ERR_HEDGE_LOST" });
    expect(send.stats).toMatchObject({ calls: 1, hedges: 1, hedgeWins: 1 });
    expect(send.breaker?.peek("http://orders.test")?.stats).toMatchObject({ failures: 0 });
    expect(clock.pendingRefTimers).toBe(0);
  });

  test("a POST is not hedged", async () => {
    const clock = new ManualClock();
    const fake = hangs();
    const failed = resilientFetch({ fetch: fake, clock, hedge: { delayMs: 50 }, timeoutMs: 500 })(url, { method: "POST" }).catch(() => undefined);
    await clock.advanceAsync(500);
    await failed;
    expect(fake).toHaveBeenCalledTimes(1);
  });

  test("the body of an answer that came second is cancelled", async () => {
    const clock = new ManualClock();
    const cancelled = vi.fn();
    const late = later<Response>();
    const fake: Fake = vi.fn<typeof fetch>(() => (fake.mock.calls.length === 1 ? late.promise : Promise.resolve(new Response("first"))));
    const answer = resilientFetch({ fetch: fake, clock, hedge: { delayMs: 50 } })(url);
    await clock.advanceAsync(50);
    expect(await (await answer).text()).toBe("first");
    late.resolve(new Response(new ReadableStream({ cancel: cancelled })));
    await settled();
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("a hedge that is answered with a status to be retried does not win over the slow one, and its body is cancelled", async () => {
    const clock = new ManualClock();
    const cancelled = vi.fn();
    const slow = later<Response>();
    const fake: Fake = vi.fn<typeof fetch>(async () =>
      fake.mock.calls.length === 1 ? slow.promise : new Response(new ReadableStream({ cancel: cancelled }), { status: 503, headers: { "Retry-After": "9" } }),
    );
    const answer = resilientFetch({ fetch: fake, clock, hedge: { delayMs: 50, maxHedges: 3 } })(url);
    await clock.advanceAsync(50);
    expect(cancelled).not.toHaveBeenCalled();
    slow.resolve(new Response("slow but good"));
    expect(await (await answer).text()).toBe("slow but good");
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("when no try had anything better, the first bad response is the answer, with its body, and the other is cancelled", async () => {
    const clock = new ManualClock();
    const cancelled = vi.fn();
    const slow = later<Response>();
    const fake: Fake = vi.fn<typeof fetch>(async () =>
      fake.mock.calls.length === 1 ? slow.promise : new Response(new ReadableStream({ cancel: cancelled }), { status: 503 }),
    );
    const answer = resilientFetch({ fetch: fake, clock, retry: false, hedge: { delayMs: 50 } })(url);
    await clock.advanceAsync(50);
    slow.resolve(new Response("full", { status: 429 }));
    const response = await answer;
    expect([response.status, await response.text(), cancelled.mock.calls.length]).toEqual([429, "full", 1]);
  });

  test("a bad response that comes after the race is cancelled", async () => {
    const clock = new ManualClock();
    const cancelled = vi.fn();
    const late = later<Response>();
    const fake: Fake = vi.fn<typeof fetch>(() => (fake.mock.calls.length === 1 ? late.promise : Promise.resolve(new Response("first"))));
    const answer = resilientFetch({ fetch: fake, clock, hedge: { delayMs: 50 } })(url);
    await clock.advanceAsync(50);
    expect(await (await answer).text()).toBe("first");
    late.resolve(new Response(new ReadableStream({ cancel: cancelled }), { status: 503 }));
    await settled();
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("each origin may measure its own delay", async () => {
    const asked: string[] = [];
    const delayMs = (origin: string): number => asked.push(origin);
    const send = resilientFetch({ fetch: answers(200), hedge: { delayMs } });
    for (const origin of ["http://a.test", "http://b.test", "http://a.test"]) await send(origin);
    expect(asked).toEqual(["http://a.test", "http://b.test"]);
  });
});

describe("bodies that nobody gets", () => {
  function withBody(status: number): { response: Response; cancelled: ReturnType<typeof vi.fn> } {
    const cancelled = vi.fn();
    return { response: new Response(new ReadableStream({ cancel: cancelled }), { status }), cancelled };
  }

  test("that of a retried response is cancelled before the wait", async () => {
    const clock = new ManualClock();
    const { response, cancelled } = withBody(503);
    const controller = new AbortController();
    const failed = expect(resilientFetch({ fetch: async () => response, clock })(url, { signal: controller.signal })).rejects.toBe("gone");
    await settled();
    expect(cancelled).toHaveBeenCalledTimes(1);
    controller.abort("gone");
    await failed;
  });

  test("that of a response is cancelled when a backoff that throws fails the call instead", async () => {
    const { response, cancelled } = withBody(503);
    const fault = new Error("fault");
    const backoff = (): number => {
      throw fault;
    };
    await expect(resilientFetch({ fetch: async () => response, retry: { backoff, budget: false } })(url)).rejects.toBe(fault);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test("that of a response that comes after the deadline is cancelled", async () => {
    const clock = new ManualClock();
    const { response, cancelled } = withBody(200);
    const late = later<Response>();
    const failed = expect(resilientFetch({ fetch: () => late.promise, clock, deadlineMs: 100, retry: false })(url)).rejects.toMatchObject({ code: "ERR_TIMEOUT" });
    await clock.advanceAsync(100);
    await failed;
    late.resolve(response);
    await settled();
    expect(cancelled).toHaveBeenCalledTimes(1);
  });
});

describe("what goes out and where", () => {
  test("a call's trace goes out, and one that cannot be read costs no call", async () => {
    const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", flags: 1, state: "a=1" };
    const fake = answers(200);
    const traced: Call & { trace: object } = { trace };
    await resilientFetch({ fetch: fake })(url, { call: traced });
    expect(headersOf(fake, 1).get("traceparent")).toBe(`00-${trace.traceId}-${trace.spanId}-01`);
    expect(headersOf(fake, 1).get("tracestate")).toBe("a=1");
    await resilientFetch({ fetch: fake, trace: false })(url, { call: traced });
    expect(headersOf(fake, 2).has("traceparent")).toBe(false);

    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const broken = (): never => {
      throw new Error("broken");
    };
    expect((await resilientFetch({ fetch: fake, trace: broken })(url)).status).toBe(200);
    expect(warned).toHaveBeenCalledTimes(1);
    expect((await resilientFetch({ fetch: fake, trace: () => ({ "bad name": "x" }) })(url)).status).toBe(200);
    expect(warned).toHaveBeenCalledTimes(2);
    warned.mockRestore();
  });

  test("a balancer chooses for each attempt, is told how it went, and each endpoint has its own breaker", async () => {
    const told: string[] = [];
    const bases = ["http://a.test/base/", new URL("http://b.test"), new URL("http://c.test")];
    let picks = 0;
    const balancer = {
      pick: () => {
        const value = bases[picks++ % bases.length] ?? "";
        const tell = (how: string) => () => void told.push(`${new URL(value).host} ${how}`);
        return { value, success: tell("success"), failure: tell("failure"), release: tell("release") };
      },
    };
    const fake = answers(503, new Error("reset"), 200);
    const send = resilientFetch({ fetch: fake, balancer, retry: noWait });
    expect((await send("/orders?id=1", { headers: { a: "b" } })).status).toBe(200);
    expect(told).toEqual(["a.test failure", "b.test failure", "c.test success"]);
    expect(fake.mock.calls.map(([input]) => (input as URL).href)).toEqual([
      "http://a.test/base/orders?id=1",
      "http://b.test/orders?id=1",
      "http://c.test/orders?id=1",
    ]);
    expect([headersOf(fake, 3).get("a"), send.stats.breaker?.keys]).toEqual(["b", 3]);
  });

  test("a hedge goes to another endpoint, and the loser's is told that it was cancelled", async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    // It answers the same one again and again before it comes to another, as chance may.
    const values = ["http://a.test", "http://a.test", "http://a.test", "http://b.test"];
    let picks = 0;
    const balancer = {
      pick: () => {
        const value = values[picks++] ?? "";
        const tell = (how: string) => () => void told.push(`${value.slice(7, 8)} ${how}`);
        return { value, success: tell("success"), failure: tell("failure"), release: tell("release"), cancel: tell("cancel") };
      },
    };
    const slow = hangs();
    const fake = vi.fn<typeof fetch>((input, init) => ((input as URL).host === "a.test" ? slow(input, init) : Promise.resolve(new Response("b"))));
    const answer = resilientFetch({ fetch: fake, clock, balancer, hedge: { delayMs: 50 } })("/");
    await clock.advanceAsync(50);
    expect(await (await answer).text()).toBe("b");
    await settled();
    expect(told).toEqual(["a release", "a release", "b success", "a cancel"]);
  });

  test("with one endpoint all attempts go there, and every pick is settled once", async () => {
    const settles: string[] = [];
    const balancer = {
      pick: () => ({ value: "http://a.test", success: () => void settles.push("success"), failure: () => void settles.push("failure"), release: () => void settles.push("release") }),
    };
    const fake = answers(503, 200);
    expect((await resilientFetch({ fetch: fake, balancer, retry: noWait })("/")).status).toBe(200);
    expect([fake.mock.calls.length, settles]).toEqual([2, ["failure", "release", "release", "release", "success"]]);
  });

  test("a 429 is a failure to the balancer, which is told for how long the endpoint asks to be left alone", async () => {
    const failure = vi.fn();
    const balancer = { pick: () => ({ value: "http://a.test", success: () => undefined, failure, release: () => undefined }) };
    const fake = vi.fn<typeof fetch>(async () => new Response(null, { status: 429, headers: { "Retry-After": "2" } }));
    await resilientFetch({ fetch: fake, balancer, retry: false })("/");
    expect(failure.mock.calls).toEqual([[{ status: 429, retryAfterMs: 2_000 }]]);
  });

  test("a balancer that has no endpoint, or throws when it is told, costs no more than that", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const none = new Error("no endpoint");
    const empty = {
      pick: () => {
        throw none;
      },
    };
    await expect(resilientFetch({ fetch: answers(200), balancer: empty, retry: false })("/")).rejects.toBe(none);
    const broken = (): never => {
      throw new Error("broken");
    };
    const balancer = { pick: () => ({ value: "http://a.test", success: broken, failure: broken, release: broken }) };
    expect((await resilientFetch({ fetch: answers(200), balancer })("/")).status).toBe(200);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });

  test("a balancer of @breakwater/balancer fits, learns, and sends a hedge to the other of two", async () => {
    const clock = new ManualClock();
    const balancer = new Balancer<string>({ endpoints: [{ key: "a", value: "http://a.test" }, { key: "b", value: "http://b.test" }], clock });
    const hosts: string[] = [];
    const fake = vi.fn<typeof fetch>((input, init) => {
      hosts.push((input as URL).host);
      return hosts.length === 1 ? hangs()(input, init) : Promise.resolve(new Response("quick"));
    });
    const answer = resilientFetch({ fetch: fake, clock, balancer, hedge: { delayMs: 50 } })("/");
    await clock.advanceAsync(50);
    expect(await (await answer).text()).toBe("quick");
    expect(new Set(hosts).size).toBe(2);
    await settled();
    expect(balancer.stats.endpoints.map(({ pending }) => pending)).toEqual([0, 0]);
  });

  test("among several endpoints another one is asked where a breaker is open, and a refusal is no endpoint's failure", async () => {
    const told: string[] = [];
    let picks = 0;
    const balancer = {
      pick: () => {
        const value = `http://${picks++ % 2 === 0 ? "down" : "up"}.test`;
        return { value, success: () => void told.push("success"), failure: () => void told.push("failure"), release: () => void told.push("release") };
      },
    };
    const fake = vi.fn<typeof fetch>(async (input) => new Response(null, { status: (input as URL).host === "down.test" ? 503 : 200 }));
    const send = resilientFetch({ fetch: fake, balancer, retry: noWait });
    send.breaker?.get("http://down.test").forceOpen();
    expect((await send("/")).status).toBe(200);
    expect(told).toEqual(["release", "success"]);
  });
});

describe("options", () => {
  test.each([
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ deadlineMs: -1 }, "timeoutMs"],
    [{ timeoutCovers: "all" }, "timeoutCovers"],
    [{ retry: { attempts: 0 } }, "attempts"],
    [{ retry: { statuses: [99] } }, "statuses"],
    [{ retry: { statuses: 503 } }, "statuses"],
    [{ retry: { budget: { ratio: 2 } } }, "ratio"],
    [{ hedge: { delayMs: -1 } }, "delayMs"],
    [{ breaker: { probes: 0 } }, "probes"],
    [{ limiter: { limit: -1 } }, "limit"],
    [{ maxOrigins: 0 }, "maxOrigins"],
    [{ timeoutHeader: 5 }, "timeoutHeader"],
    [{ timeoutHeader: "a b" }, "a b"],
    [{ balancer: {} }, "balancer.pick"],
    [{ fetch: 1 }, "fetch"],
    [{ trace: "yes" }, "trace"],
    [{ random: 1 }, "random"],
  ])("%o is refused when the client is made", (options, name) => {
    expect(() => resilientFetch(options as object)).toThrow(name);
  });

  test("times of Infinity and beyond 2^31 ms work, and the options are neither kept nor changed", async () => {
    const retry = { attempts: 2, ...noWait };
    const options = Object.freeze({ fetch: answers(503), timeoutMs: Infinity, deadlineMs: 2 ** 40, retry });
    const send = resilientFetch(options);
    retry.attempts = 10;
    await send(url);
    expect(options.fetch).toHaveBeenCalledTimes(2);
  });

  test("it can stand wherever a fetch is taken", () => {
    expectTypeOf<ResilientFetch>().toExtend<typeof fetch>();
    expectTypeOf(resilientFetch()).toEqualTypeOf<ResilientFetch>();
  });
});

async function call<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  await clock.advanceAsync(0);
  return promise;
}

/** Settled from outside. */
function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((given) => (resolve = given));
  return { promise, resolve };
}
