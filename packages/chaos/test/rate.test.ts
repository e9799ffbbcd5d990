import { descriptionOf, type Call } from "@breakwater/core";
import {
  ChaosError,
  ChaosSwitch,
  injectBehavior,
  injectFault,
  injectLatency,
  injectOutcome,
  type BehaviorOptions,
  type ChaosLayer,
  type FaultOptions,
  type LatencyOptions,
  type OutcomeOptions,
} from "@breakwater/chaos";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../src/seeded-random.ts";
import { adding, echo, fate, warningsOf } from "./helpers.ts";

/** Which of so many calls were touched, as text. */
async function pattern(layer: ChaosLayer, count: number): Promise<string> {
  const service = layer(echo().service);
  const fates = await Promise.all(Array.from({ length: count }, (_, index) => fate(service(`${index}`, {}))));
  return fates.map((end) => (end instanceof ChaosError ? "x" : ".")).join("");
}

describe("the rate", () => {
  it("is the share of calls that is touched", async () => {
    for (const rate of [0.01, 0.1, 0.5, 0.9]) {
      const layer = injectFault({ rate, seed: 7 });
      const touched = (await pattern(layer, 20_000)).replaceAll(".", "").length;
      // four standard deviations of a binomial
      expect(Math.abs(touched - 20_000 * rate)).toBeLessThan(4 * Math.sqrt(20_000 * rate * (1 - rate)));
      expect(layer.stats).toEqual({ calls: 20_000, injected: touched });
    }
  });

  it("of 1 touches all and of 0 none, whatever the dice say, and throws none", async () => {
    const random = (): never => {
      throw new Error("no dice were needed");
    };
    expect(await pattern(injectFault({ rate: 1, random }), 3)).toBe("xxx");
    expect(await pattern(injectFault({ rate: () => 1, random }), 3)).toBe("xxx");
    expect(await pattern(injectFault({ rate: () => 0, random }), 3)).toBe("...");
  });

  it("is asked for each call that matches, when it is a function", async () => {
    const asked: unknown[] = [];
    const calls = new Set<Call>();
    const layer = injectFault({
      rate: (input, call) => {
        calls.add(call);
        return asked.push(input) % 2;
      },
      when: (input: unknown) => input !== "2",
    });
    expect(await pattern(layer, 5)).toBe("x..x.");
    expect(asked).toEqual(["0", "1", "3", "4"]);
    expect(calls.size).toBe(4);
  });
});

describe("a seed", () => {
  it("gives the same sequence each time, and another seed another one", async () => {
    const of = (seed: number): Promise<string> => pattern(injectFault({ rate: 0.3, seed }), 60);
    expect(await of(42)).toBe(await of(42));
    expect(await of(42)).not.toBe(await of(43));
    expect(await of(42)).toMatch(/^[.x]{60}$/);
  });

  it("gives the numbers of mulberry32", () => {
    const random = seededRandom(0);
    expect([random(), random()]).toEqual([0.26642920868471265, 0.0003297457005828619]);
  });

  it("fixes the sequence for ever: these calls, on every machine", async () => {
    expect(await pattern(injectFault({ rate: 0.3, seed: 1 }), 20)).toMatchInlineSnapshot(`".x...x......x.xx.x.."`);
  });

  it("is not used up by calls that do not match, nor while the layer is off", async () => {
    const toggle = new ChaosSwitch();
    const layer = injectFault({ rate: 0.5, seed: 5, when: (input) => input !== "skip", enabled: toggle });
    const service = layer(echo().service);
    const touches = async (input: string): Promise<boolean> => (await fate(service(input, {}))) instanceof ChaosError;
    const seen: boolean[] = [];
    for (let index = 0; index < 20; index += 1) {
      toggle.off();
      expect(await touches("off")).toBe(false);
      toggle.on();
      expect(await touches("skip")).toBe(false);
      seen.push(await touches("match"));
    }
    expect(seen.map((isTouched) => (isTouched ? "x" : ".")).join("")).toBe(await pattern(injectFault({ rate: 0.5, seed: 5 }), 20));
  });

  it("can be replaced by random numbers of one's own, and is not taken beside them", async () => {
    const dice = [0.29, 0.3, 0.31, 0];
    expect(await pattern(injectFault({ rate: 0.3, random: () => dice.shift() ?? 1 }), 5)).toBe("x..x.");
    expect(() => injectFault({ rate: 0.3, seed: 1, random: Math.random })).toThrow("seed must not be given with random, got 1");
  });
});

describe("a layer that is off", () => {
  const all = { latencyMs: 1, result: "none", behavior: () => undefined };

  it("for good is the very service that it was put round", () => {
    const { service } = echo();
    for (const off of [{ rate: 0 }, { rate: 1, enabled: false }]) {
      expect(injectLatency({ ...all, ...off })(service)).toBe(service);
      expect(injectFault({ ...all, ...off })(service)).toBe(service);
      expect(injectOutcome({ ...all, ...off })(service)).toBe(service);
      expect(injectBehavior({ ...all, ...off })(service)).toBe(service);
    }
    expect(injectFault({ rate: 1, enabled: true })(service)).not.toBe(service);
  });

  it("by a switch passes the inner promise itself, sync throws too, and counts nothing", async () => {
    const toggle = new ChaosSwitch();
    expect(toggle.isOn).toBe(false);
    const options = { ...all, rate: 1, enabled: toggle, when: never };
    const promise = Promise.resolve("inner");
    for (const layer of each(options)) {
      expect(layer(() => promise)("", {})).toBe(promise);
      expect(() => layer(() => never())("", {})).toThrow("must not be called");
      expect(layer.stats).toEqual({ calls: 0, injected: 0 });
    }
    await promise;
  });

  it("by a switch comes on for all its layers with the next call, and goes off again", async () => {
    const toggle = new ChaosSwitch();
    const one = injectFault({ rate: 1, enabled: toggle, error: "one" })(echo().service);
    const two = injectOutcome({ rate: 1, enabled: toggle, result: "two" })(echo().service);
    const both = (): Promise<unknown[]> => Promise.all([fate(one("a", {})), fate(two("a", {}))]);
    expect(await both()).toEqual(["did a", "did a"]);
    toggle.on();
    expect(await both()).toEqual(["one", "two"]);
    toggle.off();
    expect(await both()).toEqual(["did a", "did a"]);
  });

  it("by a function asks it at each call, before anything else", async () => {
    const answers = [false, true, false];
    const asked: string[] = [];
    const layer = injectFault({ rate: 1, enabled: () => answers.shift() ?? false, when: (input) => asked.push(String(input)) > 0 });
    expect(await pattern(layer, 3)).toBe(".x.");
    expect(asked).toEqual(["1"]);
    expect(layer.stats).toEqual({ calls: 1, injected: 1 });
  });
});

describe("a call that is not touched", () => {
  it("gets the inner promise itself, with its input and call as they are", () => {
    const promise = Promise.resolve(1);
    const call = {};
    const service = injectFault({ rate: 1, when: () => false })((...given: unknown[]) => {
      expect(given).toEqual(["a", call]);
      expect(given[1]).toBe(call);
      return promise;
    });
    expect(service("a", call)).toBe(promise);
  });

  it("is one for which the user's functions threw, or answered nonsense: they warn", async () => {
    const { service } = echo();
    const broken = (): never => {
      throw new Error("broken");
    };
    const warnings = await warningsOf(async () => {
      for (const layer of [
        injectFault({ rate: 1, when: broken }),
        injectFault({ rate: broken }),
        injectFault({ rate: () => 1.5 }),
        injectFault({ rate: () => NaN }),
        injectFault({ rate: 1, enabled: broken }),
        injectLatency({ rate: 1, latencyMs: broken }),
        injectLatency({ rate: 1, latencyMs: () => -1 }),
      ]) {
        expect(await layer(service)("a", {})).toBe("did a");
        expect(layer.stats.injected).toBe(0);
      }
    });
    expect(warnings.map(String)).toEqual([
      "Error: broken",
      "Error: broken",
      "RangeError: rate must be a number from 0 to 1, got 1.5",
      "RangeError: rate must be a number from 0 to 1, got NaN",
      "Error: broken",
      "Error: broken",
      "RangeError: latencyMs must be a number from 0 to Infinity, got -1",
    ]);
  });
});

it("random numbers that throw, or are none, are replaced by better ones, with a warning", async () => {
  const warnings = await warningsOf(async () => {
    for (const random of [(): never => never(), () => NaN, () => 7]) {
      expect(await pattern(injectFault({ rate: 0.5, random }), 40)).toMatch(/x/);
    }
  });
  expect(warnings).toHaveLength(120);
});

it("an aborted call that would have been touched ends with its signal's reason, untouched", async () => {
  const { service, calls } = echo();
  const reason = { code: "gone" };
  const call = { signal: AbortSignal.abort(reason) };
  const options = { rate: 1, latencyMs: 5, result: "made up", behavior: never };
  for (const layer of each(options)) {
    expect(await fate(layer(service)("a", call))).toBe(reason);
    expect(await fate(layer.run(() => service("a", call), call))).toBe(reason);
    expect(layer.stats).toEqual({ calls: 2, injected: 0 });
  }
  expect(calls).toEqual([]);
});

it("events tell what was done to which call, and a listener that throws fails no call", async () => {
  const call = { priority: 1 };
  const layers = each({ rate: 1, latencyMs: 0, error: "boom", result: "made up", behavior: () => undefined, name: "one" });
  const heard: unknown[] = [];
  const warnings = await warningsOf(async () => {
    for (const layer of layers) {
      const off = layer.on("injected", (event) => heard.push(event));
      layer.on("injected", never);
      await fate(layer(echo().service)("a", call));
      off();
      await fate(layer(echo().service)("b", call));
    }
  });
  expect(heard).toEqual([
    { kind: "latency", name: "one", input: "a", call, latencyMs: 0 },
    { kind: "fault", name: "one", input: "a", call, error: "boom" },
    { kind: "outcome", name: "one", input: "a", call },
    { kind: "behavior", name: "one", input: "a", call },
  ]);
  expect(warnings).toHaveLength(8);
});

it("a meter counts by kind and name, and one that throws fails no call", async () => {
  const { meter, sums } = adding();
  await fate(injectFault({ rate: 1, meter, name: "flaky" })(echo().service)("a", {}));
  await injectLatency({ rate: 1, latencyMs: 0, meter })(echo().service)("a", {});
  expect(sums).toEqual({
    'breakwater.chaos.injected {"kind":"fault","name":"flaky"}': 1,
    'breakwater.chaos.injected {"kind":"latency"}': 1,
  });
  const broken = { ...meter, counter: () => ({ add: never }) };
  const warnings = await warningsOf(async () => {
    expect(await injectOutcome({ rate: 1, result: "made up", meter: broken })(echo().service)("a", {})).toBe("made up");
  });
  expect(warnings).toHaveLength(1);
});

it("each layer describes itself, off or on", () => {
  expect(descriptionOf(injectLatency({ rate: 0, latencyMs: 1 }))).toEqual({ kind: "chaos-latency", name: undefined });
  expect(descriptionOf(injectFault({ rate: 1, name: "flaky" }))).toEqual({ kind: "chaos-fault", name: "flaky" });
  expect(descriptionOf(injectOutcome({ rate: 1, result: 1 })).kind).toBe("chaos-outcome");
  expect(descriptionOf(injectBehavior({ rate: 1, behavior: () => undefined })).kind).toBe("chaos-behavior");
});

it("options are read once", async () => {
  const options = { rate: 1, latencyMs: { min: 0, max: 0 }, error: "first", name: "first", enabled: true };
  const fault = injectFault(options)(echo().service);
  const latency = injectLatency(options);
  Object.assign(options, { rate: 0, error: "second", name: "second", enabled: false });
  Object.assign(options.latencyMs, { min: 1, max: 2 });
  expect(await fate(fault("a", {}))).toBe("first");
  const drawn: unknown[] = [];
  latency.on("injected", (event) => drawn.push(event.kind === "latency" && event.latencyMs));
  expect(await latency(echo().service)("a", {})).toBe("did a");
  expect(drawn).toEqual([0]);
});

it("wrong options are refused, with option and value", () => {
  const wrong: [() => unknown, string][] = [
    [() => injectFault({ rate: 1.1 }), "rate must be a number from 0 to 1, got 1.1"],
    [() => injectFault({ rate: "1" as never }), 'rate must be a number, got "1"'],
    [() => injectFault({} as never), "rate must be a number, got undefined"],
    [() => injectFault({ rate: 1, when: true as never }), "when must be a function, got boolean"],
    [() => injectFault({ rate: 1, enabled: "yes" as never }), "enabled must be a boolean, a function or a ChaosSwitch, got string"],
    [() => injectFault({ rate: 1, enabled: null as never }), "enabled must be a boolean, a function or a ChaosSwitch, got object"],
    [() => injectFault({ rate: 1, seed: 1.5 }), "seed must be a whole number from 0 to 4294967295, got 1.5"],
    [() => injectFault({ rate: 1, random: 4 as never }), "random must be a function, got number"],
    [() => injectFault({ rate: 1, position: "around" as never }), 'position must be "before" or "after", got around'],
    [() => injectLatency({ rate: 1 } as never), "latencyMs must be a number, got undefined"],
    [() => injectLatency({ rate: 1, latencyMs: null as never }), "latencyMs must be a number, got null"],
    [() => injectLatency({ rate: 1, latencyMs: -1 }), "latencyMs must be a number from 0 to Infinity, got -1"],
    [() => injectLatency({ rate: 1, latencyMs: { min: 5, max: 4 } }), "latencyMs.max must be a number from 5 to"],
    [() => injectLatency({ rate: 1, latencyMs: { max: 4 } as never }), "latencyMs.min must be a number, got undefined"],
    [() => injectOutcome({ rate: 1 } as never), "result must be given"],
    [() => injectBehavior({ rate: 1 } as never), "behavior must be a function, got undefined"],
    [() => injectFault({ rate: 0, seed: -1 }), "seed must be a whole number from 0 to 4294967295, got -1"],
  ];
  for (const [make, message] of wrong) expect(make).toThrow(message);
});

function never(): never {
  throw new Error("must not be called");
}

type Options = LatencyOptions & FaultOptions & OutcomeOptions<string> & BehaviorOptions;

/** One layer of each kind. The outcome's is used round services of texts only. */
function each(options: Options): ChaosLayer[] {
  return [injectLatency(options), injectFault(options), injectOutcome(options) as ChaosLayer, injectBehavior(options)];
}
