import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Circuit } from "../../src/second-level/circuit.ts";
import { last, peekAt } from "../helpers.ts";
import { loadInto, twoLevels } from "./fake-store.ts";

describe("a store that fails", () => {
  it("fails no call, and is counted and told", async () => {
    const { cache, store } = twoLevels();
    const heard: unknown[] = [];
    cache.on("secondLevelFailed", (event) => heard.push(event));
    store.mode = "down";
    expect(await cache.get("a", () => 1)).toBe(1);
    cache.set("b", 2);
    expect(cache.delete("b")).toBe(true);
    await cache.idle();
    const error = new Error("store down");
    expect(heard).toEqual([
      { operation: "get", key: "a", error },
      { operation: "set", key: "a", error },
      { operation: "set", key: "b", error },
      { operation: "delete", key: "b", error },
    ]);
    expect(cache.stats).toMatchObject({ secondLevelFailures: 4, secondLevelSkips: 0, loadErrors: 0 });
  });

  it("by throwing instead of rejecting, or by answering nonsense, fails no call either", async () => {
    const { cache, store } = twoLevels({}, { failureThreshold: 100 });
    const answers: unknown[] = [1, null, {}, { text: 1, remainingMs: 5 }, { text: "", remainingMs: 5 }, { text: "1 a b c d\n1", remainingMs: 5 }, { text: "1 a 1 1 1\n{", remainingMs: 5 }];
    for (const answer of answers) {
      store.get = () => answer as never; // any answer of a store that is none
      expect(await cache.get(String(answers.indexOf(answer)), () => 1)).toBe(1);
    }
    store.get = store.set = store.delete = () => {
      throw new Error("sync");
    };
    expect(await cache.get("a", () => 1)).toBe(1);
    cache.delete("a");
    await cache.idle();
    expect(cache.stats).toMatchObject({ secondLevelHits: 0, secondLevelFailures: answers.length + 3, isSecondLevelPaused: false });
  });

  it("a text that was cut or is another program's is loaded anew, and replaced", async () => {
    const one = twoLevels();
    one.store.texts.set("p:v1:a", { text: "{}", endsAt: Infinity });
    expect(await one.cache.get("a", () => "good")).toBe("good");
    await one.cache.idle();
    expect(await one.another().cache.get("a")).toBe("good");
    expect(one.cache.stats.secondLevelFailures).toBe(1);
  });

  it("values and keys that cannot be written are answered, and an older value does not stay there in their place", async () => {
    const { cache, store } = twoLevels({}, { keyOf: (key: string) => (key === "bad" ? fail() : key) });
    const loop: unknown[] = [];
    loop.push(loop);
    cache.set("a", 1);
    cache.set("a", loop);
    expect(store.texts.size).toBe(0);
    expect(await cache.get("a")).toBe(loop);
    expect(await cache.get("f", () => fail)).toBe(fail);
    expect(await cache.get("bad", () => 1)).toBe(1);
    expect(cache.delete("bad")).toBe(true);
    expect(cache.stats.secondLevelFailures).toBe(5);
  });
});

describe("a store that hangs", () => {
  it("delays a call by the bounded wait at most; what it says later is not heard, and no timer is left", async () => {
    const { cache, clock, begun, store } = twoLevels({}, { timeoutMs: 20 });
    const heard: unknown[] = [];
    cache.on("secondLevelFailed", ({ error }) => heard.push(error));
    let say: (found: undefined) => void = () => undefined;
    store.get = () => new Promise((resolve) => (say = resolve));
    const answer = cache.get("a");
    await clock.advanceAsync(19);
    expect(begun).toHaveLength(0);
    await clock.advanceAsync(1);
    expect(begun).toHaveLength(1);
    say(undefined);
    last(begun).resolve(1);
    expect(await answer).toBe(1);
    await cache.idle();
    expect(heard).toMatchObject([{ code: "ERR_CACHE_SECOND_LEVEL_TIMEOUT", message: "cache: the second level did not answer to get within 20 ms" }]);
    expect(cache.stats).toMatchObject({ secondLevelFailures: 1, secondLevelMisses: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it("delays no write, and a write that hangs keeps no process alive", async () => {
    const { cache, clock, store } = twoLevels();
    store.mode = "hangs";
    cache.set("a", 1);
    expect(await cache.get("a")).toBe(1);
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    const idle = cache.idle();
    expect(await peekAt(idle)).toBe("pending");
    await clock.advanceAsync(50);
    expect(await peekAt(idle)).toBe("resolved");
  });

  it("a blocked event loop is not taken for a slow store", async () => {
    const one = twoLevels({ ttlMs: 1_000 });
    await loadInto(one, "a", "there");
    const other = one.another();
    let say: () => void = () => undefined;
    const get = one.store.get.bind(one.store);
    one.store.get = (key) => new Promise((resolve) => (say = () => void get(key).then(resolve)));
    const answer = other.cache.get("a");
    one.clock.jump(80); // nothing ran meanwhile, and the answer lies in the socket
    one.clock.advance(0);
    say();
    expect(await answer).toBe("there");
    expect(other.cache.stats).toMatchObject({ secondLevelFailures: 0, secondLevelHits: 1, loads: 0 });
  });
});

describe("after failures in a row", () => {
  it("it is left alone for the pause: calls load in their own turn; then one tries it, and it is used again", async () => {
    const { cache, clock, begun, store } = twoLevels();
    const heard: unknown[] = [];
    cache.on("secondLevelPaused", (event) => heard.push(["paused", event]));
    cache.on("secondLevelResumed", (event) => heard.push(["resumed", event]));
    store.mode = "hangs";
    const first = ["a", "b", "c"].map((key) => cache.get(key, () => key));
    await clock.advanceAsync(50);
    expect(await Promise.all(first)).toEqual(["a", "b", "c"]);
    expect(cache.stats.isSecondLevelPaused).toBe(true);
    store.asked.length = 0;
    void cache.get("d");
    expect(begun).toHaveLength(1); // without a wait
    clock.advance(999);
    void cache.get("e");
    expect(store.asked).toEqual([]);
    clock.advance(1);
    store.mode = "up";
    void cache.get("f");
    void cache.get("g");
    expect(store.asked).toEqual(["get p:v1:f"]);
    expect(begun.map(({ key }) => key)).toEqual(["d", "e", "g"]);
    await settled();
    expect(cache.stats.isSecondLevelPaused).toBe(false);
    void cache.get("h");
    expect(store.asked.at(-1)).toBe("get p:v1:h");
    expect(heard).toEqual([["paused", { pauseMs: 1_000 }], ["resumed", {}]]);
  });

  it("a try that fails begins another pause, and is one call's wait", async () => {
    const { cache, clock, store } = twoLevels();
    store.mode = "hangs";
    for (let i = 0; i < 3; i += 1) void cache.get(String(i), () => 1);
    await clock.advanceAsync(50);
    for (let second = 0; second < 5; second += 1) {
      await clock.advanceAsync(1_050);
      store.asked.length = 0;
      for (let i = 0; i < 100; i += 1) void cache.get(`${second} ${i}`, () => 1);
      expect(store.asked).toHaveLength(1);
    }
  });

  it("the state is that of a naive model, whatever happens in whatever order", () => {
    const command = fc.oneof(
      fc.constant("begin" as const),
      fc.record({ settle: fc.nat(9), outcome: fc.constantFrom("success" as const, "failure" as const, "neutral" as const) }),
      fc.constantFrom(1, 50, 100),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80, size: "max" }), (commands) => {
        const clock = new ManualClock();
        const told: boolean[] = [];
        const circuit = new Circuit({ failureThreshold: 3, pauseMs: 100 }, (isPaused) => told.push(isPaused));
        // The model remembers for each operation in which spell it began; a spell ends when a pause begins or ends.
        let spell = 0;
        let failures = 0;
        let pausedUntil: number | undefined;
        let trial: object | undefined;
        const open: { readonly generation: number; readonly spell: number }[] = [];
        const pause = (): void => void ((spell += 1), (pausedUntil = clock.now() + 100), (trial = undefined), (failures = 0));
        for (const each of commands) {
          if (typeof each === "number") {
            clock.advance(each);
          } else if (each === "begin") {
            const isUsed = pausedUntil === undefined;
            const mayTry = pausedUntil !== undefined && trial === undefined && clock.now() >= pausedUntil;
            const generation = circuit.admit(clock.now());
            expect(generation !== undefined).toBe(isUsed || mayTry);
            if (generation === undefined) continue;
            const begun = { generation, spell };
            if (mayTry) trial = begun;
            open.push(begun);
          } else {
            const [done] = open.splice(each.settle % Math.max(open.length, 1), 1);
            if (done === undefined) continue;
            circuit.settle(done.generation, each.outcome, clock.now());
            if (done === trial) {
              if (each.outcome === "success") [spell, failures, pausedUntil, trial] = [spell + 1, 0, undefined, undefined];
              else pause();
            } else if (done.spell === spell && pausedUntil === undefined) {
              if (each.outcome === "success") failures = 0;
              else if (each.outcome === "failure" && (failures += 1) === 3) pause();
            }
          }
          expect(circuit.isPaused).toBe(pausedUntil !== undefined);
        }
        told.forEach((isPaused, index) => expect(isPaused).toBe(index % 2 === 0));
      }),
      { numRuns: 300 },
    );
  });
});

function fail(): never {
  throw new Error("broken");
}
