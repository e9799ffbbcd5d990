import { redisStore, type RedisClient } from "@breakwater/cache/redis";
import { expect, it } from "vitest";
import { errorOf } from "../helpers.ts";

/** Answers as Redis would of that one key, and remembers what it was asked. */
function fakeClient(answers: { readonly text?: string | null; readonly pttl?: number; readonly status?: string } = {}): { client: RedisClient; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const { text = null, pttl = -2, status } = answers;
  const client: RedisClient = {
    ...(status === undefined ? {} : { status }),
    get: async (...given) => (asked.push(["get", ...given]), text),
    pttl: async (...given) => (asked.push(["pttl", ...given]), pttl),
    set: async (...given: unknown[]) => (asked.push(["set", ...given]), "OK"),
    del: async (...given) => (asked.push(["del", ...given]), 1),
  };
  return { client, asked };
}

it("asks for the time to live before the value, in one turn, so that a writer in between makes it shorter and not longer", () => {
  const { client, asked } = fakeClient();
  void redisStore(client).get("k");
  expect(asked).toEqual([["pttl", "k"], ["get", "k"]]);
});

it.each([
  [{ text: "v", pttl: 40 }, { text: "v", remainingMs: 40 }],
  [{ text: "v", pttl: -1 }, { text: "v", remainingMs: Infinity }],
  [{ text: "", pttl: 1 }, { text: "", remainingMs: 1 }],
  [{ text: null, pttl: -2 }, undefined],
  [{ text: null, pttl: 40 }, undefined], // deleted in between
  [{ text: "v", pttl: -2 }, undefined], // written in between: how long it has is not known
])("what Redis answers, %j, is %j", async (answers, expected) => {
  expect(await redisStore(fakeClient(answers).client).get("k")).toEqual(expected);
});

it("times to live are whole ms, not longer than given but at least one; what has no end is set without", async () => {
  const { client, asked } = fakeClient();
  const store = redisStore(client);
  for (const ttlMs of [100.9, 0.2, Infinity]) await store.set("k", "v", ttlMs);
  await store.delete("k");
  expect(asked).toEqual([["set", "k", "v", "PX", 100], ["set", "k", "v", "PX", 1], ["set", "k", "v"], ["del", "k"]]);
});

it.each(["connecting", "connect", "reconnecting", "close", "end"])("a client that is not connected, %s, is not asked", async (status) => {
  const { client, asked } = fakeClient({ status });
  const store = redisStore(client);
  const message = `the Redis client is not connected: its status is "${status}"`;
  for (const operation of [store.get("k"), store.set("k", "v", 1), store.delete("k")]) expect(await errorOf(Promise.resolve(operation))).toMatchObject({ message });
  expect(asked).toEqual([]);
});

it.each(["ready", "wait", undefined])("a client that is, or connects when it is asked, or does not say, is: %s", async (status) => {
  const { client } = fakeClient({ text: "v", pttl: 5, ...(status === undefined ? {} : { status }) });
  expect(await redisStore(client).get("k")).toEqual({ text: "v", remainingMs: 5 });
});

it("what is no client is refused at once", () => {
  expect(() => redisStore(null as never)).toThrow("client must be an object, got null");
  expect(() => redisStore("redis://127.0.0.1" as never)).toThrow("client must be an object, got string");
  expect(() => redisStore({ ...fakeClient().client, pttl: undefined } as never)).toThrow("client.pttl must be a function, got undefined");
});
