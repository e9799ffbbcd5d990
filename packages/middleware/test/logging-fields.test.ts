import { Writable } from "node:stream";
import { descriptionOf, type Call, type Guard, type GuardFor } from "@breakwater/core";
import { logging, pipeline, requestId, stack, type Logger, type LoggingOptions } from "@breakwater/middleware";
import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

interface Line {
  readonly level: string;
  readonly request?: unknown;
  readonly [field: string]: unknown;
}

function listening(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  return { lines, logger: { info: at("info"), warn: at("warn"), error: at("error") } };
}

/** What stands under `request` when this was the request and all of it is logged. */
async function logged(input: unknown, redact?: LoggingOptions["redact"]): Promise<unknown> {
  const { logger, lines } = listening();
  const fields = (whole: unknown): object => whole as object;
  await pipeline<unknown>().use(logging({ logger, fields, redact })).handle(async () => 1)(input, {});
  return lines[0]?.request;
}

describe("logging what `fields` picks of a request", () => {
  it("writes it under `request` in each line, whatever the outcome, with the call as this layer sees it", async () => {
    const { logger, lines } = listening();
    const service = pipeline<{ item: string; fault?: Error; secret: string }>()
      .use(requestId({ generate: () => "id-1" }))
      .use(logging({ logger, fields: ({ item }, call) => ({ item, id: call.requestId }) }))
      .handle(async ({ fault }) => {
        if (fault !== undefined) throw fault;
      });
    await service({ item: "lamp", secret: "hunter2" }, {});
    await service({ item: "book", secret: "hunter2", fault: new Error("broken") }, {}).catch(() => undefined);
    await service({ item: "cup", secret: "hunter2", fault: new Error("gone") }, { signal: AbortSignal.abort() }).catch(() => undefined);
    expect(lines.map(({ level, request }) => [level, request])).toEqual([
      ["info", { item: "lamp", id: "id-1" }],
      ["error", { item: "book", id: "id-1" }],
      ["warn", { item: "cup", id: "id-1" }],
    ]);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  it("is not asked when no line is written, and leaves `request` out for undefined", async () => {
    const { logger, lines } = listening();
    const fields = vi.fn(() => undefined);
    await pipeline<string>().use(logging({ logger, fields, level: "silent" })).handle(async () => 1)("", {});
    expect(fields).not.toHaveBeenCalled();
    await pipeline<string>().use(logging({ logger, fields })).handle(async () => 1)("", {});
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toHaveProperty("request");
  });

  it("writes the line, and warns the process, when `fields` or `redact` throws", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fault = new Error("no such field");
    const failing = (): never => {
      throw fault;
    };
    for (const options of [{ fields: failing }, { fields: () => ({ secret: "hunter2" }), redact: failing }]) {
      const { logger, lines } = listening();
      expect(await pipeline<string>().use(logging({ logger, ...options })).handle(async () => 1)("", {})).toBe(1);
      expect(lines).toMatchObject([{ outcome: "served", request: "[unreadable]" }]);
    }
    expect(warned.mock.calls).toEqual([[fault], [fault]]);
    warned.mockRestore();
  });

  it("warns the process when `fields` or `redact` promises, and leaves no rejection behind", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fault = new Error("too late");
    const late = (): Promise<object> => Promise.reject(fault);
    for (const options of [{ fields: late }, { fields: () => ({ secret: "hunter2" }), redact: late }]) {
      const { logger, lines } = listening();
      expect(await pipeline<string>().use(logging({ logger, ...options })).handle(async () => 1)("", {})).toBe(1);
      expect(lines).toMatchObject([{ outcome: "served", request: "[unreadable]" }]);
    }
    await new Promise((resolve) => setImmediate(resolve));
    const messages = warned.mock.calls.map(([warning]) => String(warning));
    expect(messages.filter((message) => message === "Error: too late")).toHaveLength(2);
    expect(messages).toContain("TypeError: fields must answer at once, got a promise");
    expect(messages).toContain("TypeError: redact must answer at once, got a promise");
    warned.mockRestore();
  });

  it("writes what real pino can write, and pino is a logger for it", async () => {
    const written: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString());
        done();
      },
    });
    const circular: Record<string, unknown> = { big: 7n, secret: "hunter2", at: new Date(0) };
    circular.self = circular;
    const service = pipeline<object>()
      .use(logging({ logger: pino({ base: null, timestamp: false }, sink), fields: (input) => input, redact: ["**.secret"] }))
      .handle(() => Promise.reject(new Error("broken")));
    await service(circular, {}).catch(() => undefined);
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? "")).toMatchObject({
      level: 50,
      msg: "request failed",
      outcome: "failed",
      err: { type: "Error", message: "broken" },
      request: { big: "7", secret: "[redacted]", at: "1970-01-01T00:00:00.000Z", self: "[circular]" },
    });
  });

  it("is a guard without fields; with them it fits where they can be read, and says what it is", () => {
    const logger = listening().logger;
    expectTypeOf(logging({ logger })).toEqualTypeOf<Guard>();
    expectTypeOf(logging({ logger, fields: (order: { item: string }) => order })).toEqualTypeOf<GuardFor<{ item: string }>>();
    expectTypeOf(logging({ logger: pino() })).toEqualTypeOf<Guard>();
    const reading = logging({ logger, fields: (order: { item: string }) => order });
    stack(requestId(), reading)(async (order: { item: string; price: number }, call: Call & { requestId: string }) => [order.price, call.requestId]);
    // @ts-expect-error: a number has no item
    stack(requestId(), reading)(async (count: number) => count);
    // @ts-expect-error: a number has no item
    pipeline<number>().use(reading);
    expect(descriptionOf(reading)).toEqual({ kind: "logging" });
  });

  it("needs no call from JavaScript", async () => {
    const { logger, lines } = listening();
    const service = logging({ logger, fields: (_: unknown, call: Call) => ({ priority: call.priority }) })(async () => 1) as (input: string) => Promise<number>;
    expect(await service("")).toBe(1);
    expect(lines).toHaveLength(1);
  });
});

describe("redacting", () => {
  const request = {
    headers: { authorization: "Bearer hunter2", "x.api.key": "hunter2", host: "example" },
    items: [{ card: "4111", item: "lamp" }, { card: "4222", item: "book" }],
    user: { name: "Ann", password: "hunter2", nested: { password: "hunter3" } },
  };

  it.each([
    ["a path", ["headers.authorization"], { ...request, headers: { ...request.headers, authorization: "[redacted]" } }],
    ["a quoted key", ['headers["x.api.key"]'], { ...request, headers: { ...request.headers, "x.api.key": "[redacted]" } }],
    ["a key in single quotes", ["headers['x.api.key']"], { ...request, headers: { ...request.headers, "x.api.key": "[redacted]" } }],
    ["any key", ["items.*.card"], { ...request, items: [{ card: "[redacted]", item: "lamp" }, { card: "[redacted]", item: "book" }] }],
    ["any index", ["items[*].card"], { ...request, items: [{ card: "[redacted]", item: "lamp" }, { card: "[redacted]", item: "book" }] }],
    ["one index", ["items[1].card", "items[0].item"], { ...request, items: [{ card: "4111", item: "[redacted]" }, { card: "[redacted]", item: "book" }] }],
    ["any depth", ["**.password"], { ...request, user: { name: "Ann", password: "[redacted]", nested: { password: "[redacted]" } } }],
    ["any depth in the middle", ["user.**.password"], { ...request, user: { name: "Ann", password: "[redacted]", nested: { password: "[redacted]" } } }],
    ["a whole branch", ["user", "user.name"], { ...request, user: "[redacted]" }],
    ["everything", ["*"], { headers: "[redacted]", items: "[redacted]", user: "[redacted]" }],
    ["what is not there", ["headers.cookie", "items.item", "user.name.first"], request],
  ])("takes out %s", async (_what, paths, expected) => {
    const before = structuredClone(request);
    expect(await logged(request, paths)).toEqual(expected);
    expect(request).toEqual(before);
  });

  it("takes a quoted asterisk for a key of that name", async () => {
    expect(await logged({ "*": 1, a: 2 }, ['["*"]'])).toEqual({ "*": "[redacted]", a: 2 });
  });

  it("reaches into Maps and into what toJSON says", async () => {
    class Account {
      readonly #pin = "hunter2";
      toJSON(): object {
        return { pin: this.#pin, id: 7 };
      }
    }
    expect(await logged({ map: new Map([["pin", "hunter2"]]), account: new Account() }, ["*.pin"])).toEqual({
      map: { pin: "[redacted]" },
      account: { pin: "[redacted]", id: 7 },
    });
  });

  it("does not even read what it takes out", async () => {
    const read = vi.fn(() => "hunter2");
    expect(await logged(Object.defineProperty({}, "pin", { get: read, enumerable: true }), ["pin"])).toEqual({ pin: "[redacted]" });
    expect(read).not.toHaveBeenCalled();
  });

  it("lets a function decide, on a copy which it may change", async () => {
    const input = Object.freeze({ pin: "hunter2", item: "lamp" });
    const redact = (copy: unknown): unknown => {
      delete (copy as { pin?: string }).pin;
      return copy;
    };
    expect(await logged(input, redact)).toEqual({ item: "lamp" });
  });

  it("leaves no secret in the line, wherever in the request it stands under a redacted name", async () => {
    const values = fc.object({ key: fc.constantFrom("pin", "a", "b", "__proto__", "0"), maxDepth: 5, withMap: true, withSet: true, values: [fc.constantFrom("public", 1, null)] });
    const hidden = (value: unknown): unknown => {
      if (value instanceof Map) return new Map([...value].map(([key, member]) => [key, key === "pin" ? { "~secret": "~secret" } : hidden(member)] as const));
      if (Array.isArray(value)) return value.map(hidden);
      if (typeof value !== "object" || value === null || value instanceof Set) return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, key === "pin" ? { "~secret": "~secret" } : hidden(member)]));
    };
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        expect(JSON.stringify(await logged({ value: hidden(value) }, ["**.pin"]))).not.toContain("~secret");
      }),
    );
  });

  it.each(["", ".", "a..b", ".a", "a.", "a[b]", 'a["b', "a b", "**", "a.**", 7, null])("refuses what is no path: %j", (path) => {
    const { logger } = listening();
    expect(() => logging({ logger, fields: () => ({}), redact: ["fine", path as string] })).toThrow(/^redact\[1\] must be a path/);
  });

  it("refuses other options that do not fit", () => {
    const { logger } = listening();
    expect(() => logging({ logger, redact: ["a"] })).toThrow("redact needs fields");
    expect(() => logging({ logger, fields: 1 as never })).toThrow("fields must be a function, got number");
    expect(() => logging({ logger, fields: () => ({}), redact: "a" as never })).toThrow("redact must be a list of paths or a function, got string");
  });
});

describe("the copy that is logged", () => {
  it("says of each kind of value what a log can hold", async () => {
    const values = {
      text: "a", number: 1, nothing: null, none: undefined, is: true, big: 12n, huge: 1n << 100n, symbol: Symbol("x"), call: () => 1,
      at: new Date(0), never: new Date(NaN), url: new URL("http://example/"), bytes: Buffer.from("secret"), raw: new ArrayBuffer(3),
      set: new Set([1, "b"]), map: new Map<unknown, unknown>([[1, "one"]]), error: Object.assign(new Error("broken"), { code: "E" }),
    };
    expect(await logged(values)).toEqual({
      text: "a", number: 1, nothing: null, none: undefined, is: true, big: "12", huge: "[bigint]", symbol: "[symbol]", call: "[function]",
      at: "1970-01-01T00:00:00.000Z", never: null, url: "http://example/", bytes: "[6 bytes]", raw: "[3 bytes]",
      set: [1, "b"], map: { 1: "one" }, error: { name: "Error", message: "broken", code: "E" },
    });
  });

  it("stops at cycles, and shows what stands in two places twice", async () => {
    const shared = { a: 1 };
    const circular: Record<string, unknown> = { one: shared, other: shared };
    circular.self = { circular };
    expect(await logged(circular)).toEqual({ one: { a: 1 }, other: { a: 1 }, self: { circular: "[circular]" } });
    const itself = { a: 1, toJSON: (): unknown => itself };
    expect(await logged({ itself })).toEqual({ itself: { a: 1, toJSON: "[function]" } });
  });

  it("loses only the member that cannot be read", async () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const failing = (): never => {
      throw new Error("detached");
    };
    const odd = Object.defineProperty({ a: 1, revoked: revoked.proxy, json: { toJSON: failing } }, "lazy", { get: failing, enumerable: true });
    expect(await logged(odd)).toEqual({ a: 1, revoked: "[unreadable]", json: "[unreadable]", lazy: "[unreadable]" });
  });

  it("has bounds in text, breadth, depth and total", async () => {
    const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), "core");
    expect(await logged({ text: "x".repeat(5_000_000) })).toEqual({ text: `${"x".repeat(1000)}[4999000 more]` });
    expect(await logged({ ["k".repeat(5_000_000)]: 1 })).toEqual({ [`${"k".repeat(1000)}[4999000 more]`]: 1 });
    expect(await logged({ list: new Array(1e9) })).toMatchObject({ list: { length: 101, 100: "[999999900 more]" } });
    expect(await logged(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, 1])))).toMatchObject({ k99: 1, "[more]": 50 });
    expect(JSON.stringify(await logged(deep))).toBe(`${'{"inner":'.repeat(8)}"[too deep]"${"}".repeat(8)}`);
    const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => ({ a: 1 })));
    expect(JSON.stringify(await logged({ wide })).length).toBeLessThan(20_000);
  });

  it("keeps a member that is called __proto__ a member", async () => {
    const copy = await logged(JSON.parse('{"__proto__": {"isAdmin": true}}'));
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"isAdmin":true}}');
  });

  it("can be written as JSON, whatever the request is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, withSparseArray: true }), async (value) => {
        expect(() => JSON.stringify(value === undefined ? null : value, (_, member: unknown) => (typeof member === "bigint" ? 0 : member))).not.toThrow();
        const copy = await logged({ value });
        expect(copy).not.toBe("[unreadable]");
        expect(JSON.stringify(copy)).toMatch(/^\{/);
      }),
    );
  });
});
