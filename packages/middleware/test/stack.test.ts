import { AsyncLocalStorage } from "node:async_hooks";
import { widen, type Call, type Guard, type Layer, type Provider, type Service } from "@breakwater/core";
import { pipeline, stack } from "@breakwater/middleware";
import fc from "fast-check";
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

  it("adds no promise of its own: layers that hand on give back the very promise of the service", () => {
    const passing: Guard = (next) => (input, call) => next(input, call);
    const promise = Promise.resolve(1);
    const service = stack(...Array.from({ length: 256 }, () => passing))(() => promise);
    expect(service(undefined, {})).toBe(promise);
  });

  it("10,000 layers deep does not overflow, and keeps order, answer, error and async context", async () => {
    const context = new AsyncLocalStorage<string>();
    let depth = 0;
    const seen: number[] = [];
    const deep = Array.from(
      { length: 10_000 },
      (_, index): Guard =>
        (next) =>
        async (input, call) => {
          if (index === depth) depth += 1;
          try {
            return await next(input, call);
          } finally {
            if (index % 1_000 === 0) seen.push(index);
          }
        },
    );
    const service = stack(...deep)(async (n: number) => [n, context.getStore()]);
    expect(await context.run("mine", () => service(1, {}))).toEqual([1, "mine"]);
    expect(depth).toBe(10_000);
    expect(seen).toEqual([9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000, 0]);
    const fault = new Error("fault");
    await expect(stack(...deep)(() => Promise.reject(fault))(1, {})).rejects.toBe(fault);
  });

  it("shares nothing between calls: one that overtakes another does not disturb it", async () => {
    const log: string[] = [];
    const naming: Guard = (next) => async (input, call) => {
      log.push(`${String(input)} in`);
      const answer = await next(input, call);
      log.push(`${String(input)} out`);
      return answer;
    };
    const gates = new Map<string, () => void>();
    const service = stack(naming, naming)((name: string) => new Promise<string>((resolve) => gates.set(name, () => resolve(name))));
    const answers = [service("slow", {}), service("fast", {})];
    gates.get("fast")?.();
    expect(await answers[1]).toBe("fast");
    gates.get("slow")?.();
    expect(await answers[0]).toBe("slow");
    expect(log).toEqual(["slow in", "slow in", "fast in", "fast in", "fast out", "fast out", "slow out", "slow out"]);
  });

  it("nested in a stack passes the outer service on exactly once", async () => {
    const log: string[] = [];
    let calls = 0;
    const inner = stack(noting(log, "b"), noting(log, "c"));
    await stack(noting(log, "a"), inner, noting(log, "d"))(async () => (calls += 1))(undefined, {});
    expect(calls).toBe(1);
    expect(log.filter((line) => line.endsWith("in"))).toEqual(["a in", "b in", "c in", "d in"]);
  });

  it("means the same however its layers are grouped, and what provides last is what the handler sees", async () => {
    const layers = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), value: fc.integer() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(layers, fc.nat(), fc.nat(), async (additions, x, y) => {
        const providers = additions.map(
          (add): Guard =>
            (next) =>
            (input, call) =>
              next(input, widen(call, { [add.key]: add.value }) as unknown as typeof call),
        );
        const [from, to] = [x % (providers.length + 1), y % (providers.length + 1)].sort((a, b) => a - b);
        const grouped = stack(
          ...providers.slice(0, from),
          stack(...providers.slice(from, to)),
          stack(...providers.slice(to)),
        );
        const handler = async (_input: unknown, call: Call): Promise<object> => ({ ...call });
        const oracle = Object.fromEntries(additions.map((add) => [add.key, add.value]));
        expect(await grouped(handler)(undefined, {})).toEqual(oracle);
        expect(await stack(...providers)(handler)(undefined, {})).toEqual(oracle);
      }),
    );
  });

  it("of providers gives the service all that they provide", async () => {
    const tenant: Provider<{ readonly tenant: string }> = (next) => (input, call) => next(input, widen(call, { tenant: "acme" }));
    const plan: Provider<{ readonly plan: string }, Call & { readonly tenant: string }> = (next) => (input, call) =>
      next(input, widen(call, { plan: `paid by ${call.tenant}` }));
    const service = stack(tenant, plan)(async (_input: number, call: Call & { readonly plan: string }) => call.plan);
    expect(await service(1, {})).toBe("paid by acme");
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

  it("keeps the async context through its layers", async () => {
    const context = new AsyncLocalStorage<number>();
    const service = pipeline<string>().use(noting([], "a")).handle(async () => context.getStore());
    expect(await Promise.all([1, 2].map((id) => context.run(id, () => service("", {}))))).toEqual([1, 2]);
  });

  it("takes a stack for a middleware", async () => {
    const tenant: Provider<{ readonly tenant: string }> = (next) => (input, call) => next(input, widen(call, { tenant: "acme" }));
    const log: string[] = [];
    const service = pipeline<string>()
      .use(stack(noting(log, "a"), tenant))
      .handle(async (_text, call) => call.tenant);
    expect(await service("", {})).toBe("acme");
    expect(log).toEqual(["a in", "a out"]);
  });

  it("refuses what is no function", () => {
    expect(() => pipeline().use(1 as never)).toThrow(new TypeError("middleware must be a function, got number"));
    expect(() => pipeline().handle(undefined as never)).toThrow(new TypeError("handler must be a function, got undefined"));
  });
});
