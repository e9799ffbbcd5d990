import { noCall, type Call } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { expect, it } from "vitest";
import { errorOf, last, makeCache, peekAt } from "./helpers.ts";

it("a thousand callers of one key cost one load, and all get the same reference", async () => {
  const { cache, begun } = makeCache();
  const answers = Array.from({ length: 1_000 }, () => cache.get("a"));
  expect(begun).toHaveLength(1);
  const value = { id: "a" };
  last(begun).resolve(value);
  for (const answer of await Promise.all(answers)) expect(answer).toBe(value);
  expect(await cache.get("a")).toBe(value);
  expect(cache.stats).toMatchObject({ misses: 1_000, shared: 999, hits: 1, loads: 1, inFlight: 0, entries: 1 });
});

it("keys are loaded independently, in the turn of the call", () => {
  const { cache, begun } = makeCache();
  void cache.get("a");
  void cache.get("b");
  expect(begun.map(({ key }) => key)).toEqual(["a", "b"]);
  expect(cache.stats.inFlight).toBe(2);
});

it("one waiter's abort ends its wait alone, with its own reason", async () => {
  const { cache, begun } = makeCache();
  const leaving = new AbortController();
  const first = cache.get("a", { signal: leaving.signal });
  const second = cache.get("a");
  const reason = { why: "closed the tab" };
  leaving.abort(reason);
  expect(await errorOf(first)).toBe(reason);
  expect(last(begun).call.signal?.aborted).toBe(false);
  last(begun).resolve(1);
  expect(await second).toBe(1);
  expect(cache.stats.loadsAborted).toBe(0);
});

it("one waiter's deadline ends its wait alone", async () => {
  const { cache, clock, begun } = makeCache({ name: "prices" });
  const hasty = errorOf(cache.get("a", { deadlineAt: 1_010 }));
  const patient = cache.get("a", { deadlineAt: 1_050 });
  await clock.advanceAsync(10);
  expect(await hasty).toMatchObject({ code: "ERR_CACHE_TIMEOUT", source: "prices", reason: "deadline" });
  expect(last(begun).call.signal?.aborted).toBe(false);
  last(begun).resolve(1);
  expect(await patient).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

it("the load is aborted when the last has left, with that one's reason, and whoever comes next begins anew", async () => {
  const { cache, begun } = makeCache();
  const [one, other] = [new AbortController(), new AbortController()];
  const left = [errorOf(cache.get("a", { signal: one.signal })), errorOf(cache.get("a", { signal: other.signal }))];
  one.abort("first");
  other.abort("second");
  expect(await Promise.all(left)).toEqual(["first", "second"]);
  expect(begun[0]?.call.signal?.reason).toBe("second");
  expect(cache.stats).toMatchObject({ loadsAborted: 1, inFlight: 0 });
  const next = cache.get("a");
  begun[0]?.resolve("too late");
  begun[1]?.resolve("new");
  expect(await next).toBe("new");
  expect(await cache.get("a")).toBe("new");
  expect(cache.stats.loadErrors).toBe(0);
});

it("the error of a load that was aborted is nobody's: no event, no count, no unhandled rejection", async () => {
  const { cache, begun } = makeCache();
  const controller = new AbortController();
  const left = errorOf(cache.get("a", { signal: controller.signal }));
  controller.abort("gone");
  await left;
  last(begun).reject(new Error("aborted"));
  await settled();
  expect(cache.stats).toMatchObject({ loadErrors: 0, loadsAborted: 1 });
});

it("a caller who cannot leave gives the load no signal and its very call", () => {
  const { cache, begun } = makeCache();
  void cache.get("a");
  expect(last(begun).call).toBe(noCall);
  const call: Call = { priority: 2 };
  void cache.get("b", call);
  expect(last(begun).call).toBe(call);
});

it("the load gets the first caller's call with a signal of its own and without a deadline", () => {
  const { cache, begun } = makeCache();
  const { signal } = new AbortController();
  void cache.get("a", { signal, deadlineAt: 5_000, priority: 3 });
  const { call } = last(begun);
  expect(call).toMatchObject({ priority: 3, deadlineAt: undefined });
  expect(call.signal).toBeInstanceOf(AbortSignal);
  expect(call.signal).not.toBe(signal);
});

it("a caller that is aborted, or whose deadline has passed, is refused at once, also where there is a value", async () => {
  const { cache, begun } = makeCache({ name: "prices" });
  cache.set("a", 1);
  expect(await errorOf(cache.get("a", { signal: AbortSignal.abort("early") }))).toBe("early");
  expect(await errorOf(cache.get("a", { deadlineAt: 1_000 }))).toMatchObject({ code: "ERR_CACHE_EXPIRED", source: "prices" });
  expect(begun).toHaveLength(0);
  expect(cache.stats).toMatchObject({ hits: 0, misses: 0 });
});

it("a load's error is that of all who wait, the same reference, and is not kept", async () => {
  const { cache, begun } = makeCache();
  const answers = [errorOf(cache.get("a")), errorOf(cache.get("a"))];
  const error = new Error("down");
  last(begun).reject(error);
  for (const heard of await Promise.all(answers)) expect(heard).toBe(error);
  const next = cache.get("a");
  expect(begun).toHaveLength(2);
  last(begun).resolve(1);
  expect(await next).toBe(1);
});

it("a load that throws at once rejects, and leaves nothing behind", async () => {
  const { cache } = makeCache();
  const error = new Error("sync");
  const bad = (): never => {
    throw error;
  };
  expect(await errorOf(cache.get("a", bad))).toBe(error);
  expect(cache.stats).toMatchObject({ inFlight: 0, loadErrors: 1 });
  expect(await cache.get("a", () => 1)).toBe(1);
});

it("a load that aborts its own caller while it starts is over at once", async () => {
  const { cache } = makeCache();
  const controller = new AbortController();
  const answer = cache.get("a", () => (controller.abort("self"), 1), { signal: controller.signal });
  expect(await errorOf(answer)).toBe("self");
  expect(cache.peek("a")).toBeUndefined();
  expect(cache.stats).toMatchObject({ loadsAborted: 1, inFlight: 0 });
});

it("without a load there is an error that says so", async () => {
  const { cache } = makeCache({ load: undefined });
  expect(await errorOf(cache.get("a"))).toMatchObject({ name: "TypeError", message: "load must be given to the cache or to get, got undefined" });
  expect(await cache.get("a", async (key) => key + "!")).toBe("a!");
});

it("many who share a signal, or wait with deadlines, leave neither listener nor timer when they are answered", async () => {
  const { cache, clock, begun } = makeCache();
  const { signal } = new AbortController();
  const answers = Array.from({ length: 20 }, () => cache.get("a", { signal, deadlineAt: 2_000 }));
  expect(clock.pendingTimers).toBe(1);
  last(begun).resolve(1);
  await Promise.all(answers);
  expect(clock.pendingTimers).toBe(0);
  expect(await peekAt(cache.get("a", { signal }))).toBe("resolved");
});

it("a blocked event loop serves nobody whose time is over", async () => {
  const { cache, clock, begun } = makeCache();
  const late = errorOf(cache.get("a", { deadlineAt: 1_010 }));
  const patient = cache.get("a");
  clock.jump(500); // no timer fired
  last(begun).resolve(1);
  expect(await late).toMatchObject({ code: "ERR_CACHE_TIMEOUT" });
  expect(await patient).toBe(1);
});
