import { AsyncLocalStorage } from "node:async_hooks";
import type { Call, Layer, Service } from "@breakwater/core";
import { describe as describeLayers, koa, pipeline, stack, type KoaContext, type KoaMiddleware } from "@breakwater/middleware";
import fc from "fast-check";
import composeKoa from "koa-compose";
import { describe, expect, expectTypeOf, it } from "vitest";

type Middleware = KoaMiddleware<KoaContext<string, string>>;
const echo = async (text: string): Promise<string> => `echo ${text}`;

describe("koa-style middlewares", () => {
  it("need no call from JavaScript", async () => {
    const layer: Layer<Service<string, unknown>> = koa<string, unknown>(({ call }, next) => (call.priority === undefined ? next() : undefined));
    expect(await (layer(async (_text, call) => call) as (text: string) => Promise<unknown>)("")).toEqual({});
  });

  it("run in and out, and share one context with the service", async () => {
    const log: string[] = [];
    const timing: Middleware = async (context, next) => {
      log.push(`in ${context.input}`);
      await next();
      log.push(`out ${context.output ?? ""}`);
    };
    const changing: Middleware = async (context, next) => {
      context.input = context.input.toUpperCase();
      context.call = { priority: 3 };
      await next();
      context.output = `${context.output ?? ""}!`;
    };
    const seen: Call[] = [];
    const service = koa(timing, changing)((text, call) => {
      seen.push(call);
      return echo(text);
    });
    expect(await service("hi", {})).toBe("echo HI!");
    expect(log).toEqual(["in hi", "out echo HI!"]);
    expect(seen).toEqual([{ priority: 3 }]);
  });

  it("of which one does not call next answer themselves", async () => {
    const cached: Middleware = (context) => {
      context.output = "cached";
    };
    const never = (): Promise<string> => Promise.reject(new Error("asked"));
    expect(await koa(cached)(never)("hi", {})).toBe("cached");
  });

  it("hear from next what the following one returned", async () => {
    const results: unknown[] = [];
    const outer: Middleware = async (_context, next) => {
      results.push(await next());
    };
    const inner: Middleware = async (_context, next) => {
      await next();
      return "inner";
    };
    await koa(outer, inner)(echo)("hi", {});
    expect(results).toEqual(["inner"]);
  });

  it("reject where one throws at once, and can catch what is further in", async () => {
    const fault = new Error("fault");
    const throwing: Middleware = () => {
      throw fault;
    };
    const catching: Middleware = async (context, next) => {
      try {
        await next();
      } catch (error) {
        context.output = error === fault ? "caught" : "other";
      }
    };
    await expect(koa(throwing)(echo)("hi", {})).rejects.toBe(fault);
    expect(await koa(catching, throwing)(echo)("hi", {})).toBe("caught");
  });

  it("are refused a second next, also at the same time and after an error", async () => {
    let calls = 0;
    const service = async (): Promise<string> => {
      calls += 1;
      return "";
    };
    const twice: Middleware = async (_context, next) => {
      await next();
      await next();
    };
    const both: Middleware = (_context, next) => Promise.all([next(), next()]);
    await expect(koa(twice)(service)("hi", {})).rejects.toMatchObject({ code: "ERR_NEXT", reason: "again", layer: "twice" });
    await expect(koa(both)(service)("hi", {})).rejects.toMatchObject({ code: "ERR_NEXT" });
    expect(calls).toBe(2);
  });

  it("share nothing between calls", async () => {
    const counting: Middleware = async (context, next) => {
      context.count = ((context.count as number | undefined) ?? 0) + 1;
      await next();
      context.output = `${context.output ?? ""}${String(context.count)}`;
    };
    const service = koa(counting, counting)(echo);
    expect(await Promise.all([service("a", {}), service("b", {})])).toEqual(["echo a22", "echo b22"]);
  });

  it("keep the async context, and take a thenable for a promise", async () => {
    const context = new AsyncLocalStorage<string>();
    const thenable: Middleware = (_context, next) => ({ then: (resolve: (value: unknown) => void) => void next().then(resolve) });
    const service = koa(thenable)(async () => context.getStore() ?? "");
    expect(await context.run("mine", () => service("hi", {}))).toBe("mine");
  });

  it("stand in a stack among layers, and are named", async () => {
    const timing: Middleware = (_context, next) => next();
    const composed = stack(koa(timing, (_context: KoaContext<string, string>, next) => next()));
    expect(describeLayers(composed)).toBe("koa timing, middleware");
    expect(await composed(echo)("hi", {})).toBe("echo hi");
  });

  it("must be functions", () => {
    expect(() => koa(echo as never, 3 as never)).toThrow(new TypeError("middlewares[1] must be a function, got number"));
  });

  it("make a layer of the service's own types", () => {
    expectTypeOf(koa<string, number>()).toEqualTypeOf<Layer<Service<string, number>>>();
    const handler = koa<string, string>(async (context, next) => {
      expectTypeOf(context.input).toEqualTypeOf<string>();
      expectTypeOf(context.output).toEqualTypeOf<string | undefined>();
      await next();
    })(echo);
    expectTypeOf(pipeline<string>().handle(handler)).toEqualTypeOf<Service<string, string>>();
  });

  it("meet one another, return and fail as under koa-compose", async () => {
    const step = fc.record({ calls: fc.constantFrom(0, 1, 1, 1, 2), throws: fc.constantFrom("no", "no", "before", "after"), catches: fc.boolean(), awaits: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const make = (log: string[]) =>
          steps.map(({ calls, throws, catches, awaits }, index) => async (_context: object, next: () => Promise<unknown>): Promise<unknown> => {
            log.push(`in ${index}`);
            if (throws === "before") throw new Error(`before ${index}`);
            for (let count = 0; count < calls; count += 1) {
              const inner = next();
              const heard = catches ? inner.catch((error: unknown) => log.push(error instanceof Error && error.message.includes("next()") ? "again" : String(error))) : inner;
              if (awaits) log.push(`heard ${String(await heard)}`);
              else await heard;
            }
            if (throws === "after") throw new Error(`after ${index}`);
            log.push(`out ${index}`);
            return index;
          });
        const [ours, theirs]: [string[], string[]] = [[], []];
        const service = koa<number, number>(...make(ours))(async () => {
          ours.push("end");
          return -1;
        });
        const composed = composeKoa([
          ...make(theirs),
          async () => {
            theirs.push("end");
            return -1;
          },
        ]);
        const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
          promise.then(
            () => "settled",
            (error: unknown) => (error instanceof Error && error.message.includes("next()") ? "again" : String(error)),
          );
        expect(await outcomeOf(service(1, {}))).toBe(await outcomeOf(composed({})));
        expect(ours).toEqual(theirs);
      }),
    );
  });
});
