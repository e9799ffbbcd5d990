import { AsyncLocalStorage } from "node:async_hooks";
import { systemClock, type Clock } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { Pool } from "@breakwater/pool";
import { expect, it } from "vitest";

const request = new AsyncLocalStorage<string>();

it("the factory's functions and the timers run where the pool was built, whoever caused them", async () => {
  const seen: [string, string | undefined][] = [];
  const note = (what: string): void => void seen.push([what, request.getStore()]);
  const clock: Clock = {
    now: () => systemClock.now(),
    setTimer: (callback, delayMs) => {
      note("timer");
      return systemClock.setTimer(callback, delayMs);
    },
  };
  let made = 0;
  const pool = request.run("start-up", () => new Pool({
    max: 1,
    validateAfterMs: 0,
    clock,
    create: async () => { note("create"); await settled(); note("create, later"); return ++made; },
    validate: async () => { note("validate"); await settled(); return true; },
    reset: async () => { note("reset"); await settled(); },
    cancel: () => note("cancel"),
    destroy: async () => { note("destroy"); await settled(); },
  }));
  const controller = new AbortController();
  await request.run("first", async () => {
    await pool.use(() => undefined);
    let begin: () => void = () => undefined;
    let stop: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const work = (): Promise<void> => new Promise((_, reject) => { begin(); stop = () => reject(new Error("stopped")); });
    const stopped = pool.use(work, { signal: controller.signal });
    await begun;
    request.run("aborter", () => controller.abort("gone"));
    stop();
    await stopped.catch(() => undefined);
    (await pool.acquire()).destroy();
  });
  await request.run("closer", () => pool.close());
  const kinds = new Set(seen.map(([what]) => what));
  expect([...kinds].sort()).toEqual(["cancel", "create", "create, later", "destroy", "reset", "timer", "validate"]);
  expect(new Set(seen.map(([, store]) => store))).toEqual(new Set(["start-up"]));
});

it("whoever waits goes on in a context of their own, whoever gives back", async () => {
  const pool = new Pool({ max: 1, create: () => 1 });
  const lease = await request.run("holder", () => pool.acquire());
  const waiters = ["a", "b"].map((name) => request.run(name, async () => {
    const own = await pool.acquire();
    const here = request.getStore();
    own.release();
    return here;
  }));
  request.run("holder", () => lease.release());
  expect(await Promise.all(waiters)).toEqual(["a", "b"]);
  await pool.close();
});
