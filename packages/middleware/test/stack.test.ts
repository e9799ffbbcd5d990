import type { Call, Guard, Layer, Service } from "@breakwater/core";
import { pipeline, stack } from "@breakwater/middleware";
import { describe, expect, it } from "vitest";

const noting =
  (log: string[], name: string): Guard =>
  (next) =>
  async (input, call) => {
    log.push(`${name} in`);
    try {
      return await next(input, call);
    } finally {
      log.push(`${name} out`);
    }
  };

describe("a stack", () => {
  it("runs its layers outermost first, in and out", async () => {
    const log: string[] = [];
    const service = stack(noting(log, "a"), noting(log, "b"))(async () => log.push("handler"));
    await service(undefined, {});
    expect(log).toEqual(["a in", "b in", "handler", "b out", "a out"]);
  });

  it("of nothing is the service itself", () => {
    const service = async (): Promise<number> => 1;
    expect(stack()(service)).toBe(service);
  });

  it("builds each layer once, not once per call", async () => {
    let built = 0;
    const counting: Guard = (next) => {
      built += 1;
      return next;
    };
    const service = stack(counting, counting)(async () => 1);
    await service(undefined, {});
    await service(undefined, {});
    expect(built).toBe(2);
  });

  it("keeps its layers, whatever becomes of the list it was made from", async () => {
    const log: string[] = [];
    const layers: readonly Guard[] = Object.freeze([noting(log, "a")]);
    const changing = [...layers];
    const composed = stack(...changing);
    changing.length = 0;
    await composed(async () => 1)(undefined, {});
    expect(log).toEqual(["a in", "a out"]);
  });

  it("can be used for several services, and by several calls at once", async () => {
    const log: string[] = [];
    const composed = stack(noting(log, "a"));
    const [one, two] = [composed(async () => 1), composed(async () => 2)];
    expect(await Promise.all([one(0, {}), two(0, {}), one(0, {})])).toEqual([1, 2, 1]);
    expect(log).toHaveLength(6);
  });

  it("lets a layer call what is inside more than once, or not at all", async () => {
    const twice: Guard = (next) => async (input, call) => {
      await next(input, call);
      return next(input, call);
    };
    let calls = 0;
    const service = stack(twice, twice)(async () => (calls += 1));
    expect(await service(undefined, {})).toBe(4);
    const never: Layer<Service<number, string>> = () => async () => "cached";
    expect(await stack(never)(async () => "fresh")(1, {})).toBe("cached");
  });

  it("passes any thrown value through as it is", async () => {
    for (const thrown of [undefined, null, "text", new Error("error")]) {
      const service = stack(noting([], "a"))(() => Promise.reject(thrown as unknown));
      await expect(service(undefined, {})).rejects.toBe(thrown);
    }
  });

  it("of a thousand layers does not overflow", async () => {
    const passing: Guard = (next) => async (input, call) => next(input, call);
    const service = stack(...Array.from({ length: 1_000 }, () => passing))(async (n: number) => n + 1);
    expect(await service(1, {})).toBe(2);
  });

  it("names the layer that is none", () => {
    const wrong = 3 as never;
    expect(() => stack(noting([], "a"), wrong)).toThrow(new TypeError("layer 1 must be a function, got number"));
  });
});

describe("a pipeline", () => {
  it("runs its middlewares in the order of use", async () => {
    const log: string[] = [];
    const service = pipeline<string>()
      .use(noting(log, "first"))
      .use(noting(log, "second"))
      .handle(async (text) => log.push(text));
    await service("handler", {});
    expect(log).toEqual(["first in", "second in", "handler", "second out", "first out"]);
  });

  it("half built can be continued in several ways", async () => {
    const log: string[] = [];
    const base = pipeline<string>().use(noting(log, "base"));
    const [a, b] = [base.use(noting(log, "a")), base.use(noting(log, "b"))];
    await a.handle(async () => 1)("", {});
    await b.handle(async () => 1)("", {});
    expect(log.filter((line) => line.endsWith("in"))).toEqual(["base in", "a in", "base in", "b in"]);
  });

  it("never changes the caller's call", async () => {
    const seen: Call[] = [];
    const service = pipeline<string>().handle(async (_text, call) => seen.push(call));
    const call = Object.freeze({ priority: 1 });
    await service("", call);
    expect(seen[0]).toBe(call);
  });

  it("refuses what is no function", () => {
    expect(() => pipeline().use(1 as never)).toThrow(new TypeError("middleware must be a function, got number"));
    expect(() => pipeline().handle(undefined as never)).toThrow(new TypeError("handler must be a function, got undefined"));
  });
});
