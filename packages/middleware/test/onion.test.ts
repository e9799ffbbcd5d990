import { AsyncLocalStorage } from "node:async_hooks";
import type { Call, Guard, Provider } from "@breakwater/core";
import { describe as describeLayers, NextError, onion, pipeline, stack, type Next } from "@breakwater/middleware";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("an onion function", () => {
  it("runs before and after what is further in", async () => {
    const log: string[] = [];
    const noting = (name: string): Guard =>
      onion(async (_input, _call, next) => {
        log.push(`${name} in`);
        const answer = await next();
        log.push(`${name} out`);
        return answer;
      });
    const service = stack(noting("a"), noting("b"))(async (text: string) => log.push(text));
    expect(await service("handler", {})).toBe(3);
    expect(log).toEqual(["a in", "b in", "handler", "b out", "a out"]);
  });

  it("adds to the call what it hands to next, as a copy", async () => {
    const call = Object.freeze({ priority: 1 });
    const service = pipeline<string>()
      .use(onion(async (text: string, _call, next) => next({ tenant: text.length })))
      .handle(async (_text, inner) => ({ ...inner }));
    expect(await service("acme", call)).toEqual({ priority: 1, tenant: 4 });
    expect(call).toEqual({ priority: 1 });
  });

  it("hands on the caller's own call where it adds nothing", async () => {
    const call = {};
    const seen: Call[] = [];
    await onion((_input, _call, next) => next())(async (_input: unknown, inner: Call) => seen.push(inner))(1, call);
    expect(seen[0]).toBe(call);
  });

  it("passes any thrown value through as it is, its own too", async () => {
    const every: readonly unknown[] = [undefined, null, "text", new Error("error")];
    for (const thrown of every) {
      const fails = () => Promise.reject(thrown);
      await expect(onion((_input, _call, next) => next())(fails)(1, {})).rejects.toBe(thrown);
      const throws = onion(() => {
        throw thrown;
      });
      await expect(throws(async () => 1)(1, {})).rejects.toBe(thrown);
      await expect(
        onion((_input, _call, next) => next())(() => {
          throw thrown;
        })(1, {}),
      ).rejects.toBe(thrown);
    }
  });

  it("that throws where it cleans up replaces the error as any finally does, and settles", async () => {
    const layer = onion(async (_input, _call, next) => {
      try {
        return await next();
      } finally {
        // eslint-disable-next-line no-unsafe-finally -- what is tested
        throw new Error("clean-up");
      }
    });
    await expect(layer(() => Promise.reject(new Error("work")))(1, {})).rejects.toThrow("clean-up");
  });

  it("keeps the async context", async () => {
    const context = new AsyncLocalStorage<number>();
    const service = stack(onion(async (_input, _call, next) => await next()))(async () => context.getStore());
    expect(await Promise.all([1, 2].map((id) => context.run(id, () => service(0, {}))))).toEqual([1, 2]);
  });

  it("is known by its function's name, or by the one that it is given", () => {
    const tenant = (_input: unknown, _call: Call, next: Next) => next();
    expect(describeLayers(stack(onion(tenant), onion(tenant, { kind: "tenant-of-host", name: "acme" }), onion((_input, _call, next) => next())))).toBe(
      "tenant\ntenant-of-host acme\nonion",
    );
  });

  it("says where it must stand", () => {
    const tenant = onion((_input, _call, next) => next(), { kind: "tenant", needs: ["authentication"] });
    expect(() => stack(tenant)(async () => 1)).toThrow("tenant needs authentication outside it");
  });

  it("needs no call from JavaScript", async () => {
    const layer = onion(async (_input: unknown, call: Call, next) => next({ had: call.priority ?? "none" }));
    const service = layer(async (_input: unknown, call) => call) as (input: number) => Promise<unknown>;
    expect(await service(1)).toEqual({ had: "none" });
  });

  it("gets a promise from next, whatever the service answers, in production too", async () => {
    for (const detectsForgotten of [true, false]) {
      const layer = onion((_input, _call, next) => next().finally(() => undefined), { detectsForgotten });
      const thenable = { then: (resolve: (value: string) => void) => resolve("late") };
      expect(await layer((() => "at once") as never)(1, {})).toBe("at once");
      expect(await layer((() => thenable) as never)(1, {})).toBe("late");
    }
  });

  it("must be a function", () => {
    expect(() => onion(3 as never)).toThrow(new TypeError("run must be a function, got number"));
  });
});

describe("next called again", () => {
  const twice = async (_input: unknown, _call: Call, next: Next) => {
    await next();
    return next();
  };

  it("is refused, and what is further in does not hear of it", async () => {
    let calls = 0;
    const service = onion(twice)(async () => (calls += 1));
    await expect(service(1, {})).rejects.toMatchObject({ name: "NextError", code: "ERR_NEXT", reason: "again", layer: "twice" });
    expect(calls).toBe(1);
  });

  it("is refused after a catch, and at the same time, in production too", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const again = onion((_input, _call, next) => next().catch(() => next()));
    await expect(again(() => Promise.reject(new Error("first")))(1, {})).rejects.toBeInstanceOf(NextError);
    const both = onion(async (_input, _call, next) => (await Promise.all([next(), next()]))[1]);
    await expect(both(async () => 1)(1, {})).rejects.toThrow("called next() again");
    vi.unstubAllEnvs();
  });

  it("goes inward again where the layer is re-entrant", async () => {
    let calls = 0;
    const service = stack(onion(twice, { isReentrant: true }), onion((_input, _call, next) => next()))(async () => (calls += 1));
    expect(await service(1, {})).toBe(2);
  });

  it("is each call's and each position's own count", async () => {
    const once = onion((_input, _call, next) => next());
    const service = stack(once, once, once)(async () => 1);
    expect(await Promise.all([service(1, {}), service(2, {})])).toEqual([1, 1]);
    const nested = stack(onion(twice, { isReentrant: true }), once)(async () => 1);
    expect(await nested(1, {})).toBe(1);
  });
});

describe("next called after the function has returned", () => {
  it("is refused and names the middleware, re-entrant or not", async () => {
    for (const isReentrant of [false, true]) {
      let late: Next | undefined;
      let calls = 0;
      const keeping = onion(
        async (_input, _call, next) => {
          late = next;
          return isReentrant ? next() : Promise.reject(new Error("no"));
        },
        { kind: "keeping", isReentrant },
      );
      await keeping(async () => (calls += 1))(1, {}).catch(() => undefined);
      await expect(late?.()).rejects.toMatchObject({ reason: "late", message: "keeping called next() after it had returned" });
      expect(calls).toBe(isReentrant ? 1 : 0);
    }
  });
});

describe("next kept by a function that threw before it promised", () => {
  it("is refused as well", async () => {
    let late: Next | undefined;
    const throwing = onion((_input, _call, next) => {
      late = next;
      throw new Error("no");
    });
    await expect(throwing(async () => 1)(1, {})).rejects.toThrow("no");
    await expect(late?.()).rejects.toMatchObject({ reason: "late" });
  });
});

describe("next that nobody waits for", () => {
  afterEach(() => vi.unstubAllEnvs());

  const warnings = (): string[] => {
    const seen: string[] = [];
    vi.spyOn(process, "emitWarning").mockImplementation((warning) => void seen.push(String(warning)));
    return seen;
  };
  const hasty = async (_input: unknown, _call: Call, next: Next) => {
    void next();
    return undefined as never; // what JavaScript may do: the compiler asks for the answer
  };
  const slow = (): Promise<number> => settled().then(() => 1);

  it("is warned of once, with the middleware's name", async () => {
    const seen = warnings();
    const service = onion(hasty)(slow);
    await service(1, {});
    await service(1, {});
    expect(seen).toEqual(["Error: hasty returned before what is further in had settled: is an await or a return of next() missing?"]);
  });

  it("is not looked for in production, in a re-entrant layer, or where that is switched off", async () => {
    const seen = warnings();
    await onion(hasty, { isReentrant: true })(slow)(1, {});
    await onion(hasty, { detectsForgotten: false })(slow)(1, {});
    vi.stubEnv("NODE_ENV", "production");
    await onion(hasty)(slow)(1, {});
    expect(seen).toEqual([]);
  });

  it("is not suspected of who waits, or fails", async () => {
    const seen = warnings();
    await onion((_input, _call, next) => next())(slow)(1, {});
    await onion(async (_input, _call, next) => await next())(slow)(1, {});
    await expect(onion((_input, _call, next) => next())(() => Promise.reject(new Error("no")))(1, {})).rejects.toThrow("no");
    expect(seen).toEqual([]);
  });
});

describe("types of an onion function", () => {
  interface Order {
    readonly host: string;
  }

  it("are a guard where it adds and asks for nothing", () => {
    expectTypeOf(onion((_input, _call, next) => next())).toEqualTypeOf<Guard>();
    expectTypeOf(onion(async (_input, _call, next) => await next())).toEqualTypeOf<Guard>();
  });

  it("are a provider of what it hands to next", () => {
    const tenant = onion(async (order: Order, _call, next) => next({ tenant: order.host }));
    expectTypeOf(tenant).toEqualTypeOf<Provider<{ tenant: string }, Call, Order>>();
    const plan = onion(async (_input: unknown, call: Call & { readonly tenant: string }, next) => {
      const answer = await next({ plan: call.tenant.length });
      return answer;
    });
    pipeline<Order>()
      .use(tenant)
      .use(plan)
      .handle(async (_order, call) => {
        expectTypeOf(call.tenant).toEqualTypeOf<string>();
        expectTypeOf(call.plan).toEqualTypeOf<number>();
        return 0;
      });
    // @ts-expect-error: nothing provides the tenant
    pipeline<Order>().use(plan);
  });

  it("replace what was there under the same name", () => {
    pipeline<Order>()
      .use(onion(async (_order: Order, _call, next) => next({ tenant: "text" })))
      .use(onion(async (_order: Order, _call, next) => next({ tenant: 7 })))
      .handle(async (_order, call) => {
        expectTypeOf(call.tenant).toEqualTypeOf<number>();
        return 0;
      });
  });

  it("refuse a function that forgets to return what next answers", () => {
    // @ts-expect-error: the answer is lost
    onion(async (_input, _call, next) => {
      await next();
    });
    // @ts-expect-error: nobody knows what the service answers
    onion(async () => "cached");
  });
});
