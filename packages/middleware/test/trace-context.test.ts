import { descriptionOf, type Call, type Provider } from "@breakwater/core";
import {
  formatTraceparent,
  parseTraceparent,
  pipeline,
  traceContext,
  withTracestate,
  type TraceContext,
  type TraceContextOptions,
  type TraceHeaders,
} from "@breakwater/middleware";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${parentId}-01`;

function tracing(options: Omit<TraceContextOptions<TraceHeaders>, "read"> = {}): (headers: TraceHeaders) => Promise<TraceContext> {
  const service = pipeline<TraceHeaders>()
    .use(traceContext({ read: (headers) => headers, ...options }))
    .handle(async (_headers, call) => call.trace);
  return (headers) => service(headers, {});
}

const trace = tracing();
const isContinued = async (headers: TraceHeaders): Promise<boolean> => {
  const { traceId: id, parentId: parent } = await trace(headers);
  return id === traceId && parent === parentId;
};

describe("a trace", () => {
  it("is continued from a valid traceparent, with a span of its own for each call", async () => {
    const [one, other] = await Promise.all([trace({ traceparent }), trace({ traceparent })]);
    expect(one).toEqual({ traceId, parentId, spanId: expect.any(String) as string, flags: 1, sampled: true, state: undefined });
    expect(one.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(one.spanId).not.toBe(other.spanId);
  });

  it("begins here where nothing came along, is random and not sampled", async () => {
    const options = [undefined, {}, { read: () => undefined }];
    for (const option of options) {
      const begun = await pipeline<object>().use(traceContext(option)).handle(async (_, call) => call.trace)({}, {});
      expect(begun).toMatchObject({ parentId: undefined, flags: 2, sampled: false, state: undefined });
      expect(begun.traceId).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it("has ids of which none is like another", async () => {
    const traces = await Promise.all(Array.from({ length: 2000 }, () => trace({})));
    expect(new Set(traces.flatMap((one) => [one.traceId, one.spanId])).size).toBe(4000);
  });

  it("that begins here is sampled if `sample` says so; one that goes on keeps its caller's decision", async () => {
    const sampling = tracing({ sample: () => true });
    expect(await sampling({})).toMatchObject({ sampled: true, flags: 3 });
    expect(await sampling({ traceparent: `00-${traceId}-${parentId}-00` })).toMatchObject({ sampled: false, flags: 0 });
  });

  it.each([
    ["upper-case hex", traceparent.toUpperCase()],
    ["an upper-case digit", traceparent.replace("f", "F")],
    ["version ff", traceparent.replace("00-", "ff-")],
    ["a version that is no hex", traceparent.replace("00-", "0g-")],
    ["a fifth field in version 00", `${traceparent}-extra`],
    ["a dash at the end in version 00", `${traceparent}-`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${parentId}-01`],
    ["a parent id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["a short trace id", `00-${traceId.slice(1)}-${parentId}-01`],
    ["a long parent id", `00-${traceId}-${parentId}0-01`],
    ["long flags", `${traceparent}1`],
    ["long flags in a later version", `cc-${traceId}-${parentId}-011`],
    ["something else than a dash in a later version", `cc-${traceId}-${parentId}-01.what`],
    ["no flags", `00-${traceId}-${parentId}`],
    ["a line break at the end", `${traceparent}\n`],
    ["space before it", ` ${traceparent}`],
    ["two that were joined", `${traceparent}, ${traceparent}`],
    ["nothing", ""],
  ])("begins anew after a traceparent with %s", async (_what, text) => {
    expect(await isContinued({ traceparent: text })).toBe(false);
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it("begins anew, without the tracestate, when the traceparent came twice", async () => {
    const twice = await trace({ traceparent: [traceparent, traceparent], tracestate: "a=1" });
    expect(twice).toMatchObject({ parentId: undefined, state: undefined });
    expect(twice.traceId).not.toBe(traceId);
    expect(await isContinued({ traceparent: [traceparent] })).toBe(true);
    expect(await isContinued({ traceparent: [] })).toBe(false);
  });

  it("is continued from a later version, of which only what is known is read, and goes on as version 00", async () => {
    for (const text of [`cc-${traceId}-${parentId}-01`, `01-${traceId}-${parentId}-01-what-comes`, `01-${traceId}-${parentId}-01-`]) {
      const continued = await trace({ traceparent: text });
      expect(continued).toMatchObject({ traceId, parentId, sampled: true });
      expect(formatTraceparent(continued)).toBe(`00-${traceId}-${continued.spanId}-01`);
    }
  });

  it("takes the flags as bits and clears those that mean nothing yet", async () => {
    const flagsOf = async (flags: string): Promise<unknown> => {
      const { flags: bits, sampled } = await trace({ traceparent: `00-${traceId}-${parentId}-${flags}` });
      return [bits, sampled];
    };
    expect(await Promise.all(["00", "01", "02", "03", "09", "ff", "fe"].map(flagsOf))).toEqual([
      [0, false],
      [1, true],
      [2, false],
      [3, true],
      [1, true],
      [3, true],
      [2, false],
    ]);
  });

  it("survives headers that are no text, whatever the types say", async () => {
    for (const odd of [null, 7, {}, [7], [null, "x"], Symbol("x")]) {
      expect(await isContinued({ traceparent: odd as never })).toBe(false);
      expect(await trace({ traceparent, tracestate: odd as never })).toMatchObject({ traceId, state: undefined });
    }
  });

  it("is sent on with the span of this request as the parent", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.boolean(), async (isContinuing, sampled) => {
        const outer = await tracing({ sample: () => sampled })(isContinuing ? { traceparent } : {});
        const inner = await trace({ traceparent: formatTraceparent(outer) });
        expect(inner).toMatchObject({ traceId: outer.traceId, parentId: outer.spanId, flags: outer.flags, sampled: outer.sampled });
      }),
    );
  });

  it("agrees with the grammar on any text", async () => {
    const digits = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^(0{${length}}|[0-9a-fA-F]{${length}})$`));
    const near = fc
      .tuple(fc.constantFrom("00", "01", "ff", "0F"), digits(32), digits(16), digits(2), fc.constantFrom("", "-", "-x", "x"))
      .map(([version, id, parent, flags, rest]) => `${version}-${id}-${parent}-${flags}${rest}`);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const parts = text.split("-");
        const [version = "", id = "", parent = "", flags = ""] = parts;
        const isHex = (part: string, length: number): boolean => part.length === length && /^[0-9a-f]*$/.test(part);
        const isValid =
          isHex(version, 2) && isHex(id, 32) && isHex(parent, 16) && isHex(flags, 2) && version !== "ff" &&
          (version !== "00" || parts.length === 4) && /[^0]/.test(id) && /[^0]/.test(parent);
        expect(parseTraceparent(text) !== undefined).toBe(isValid);
      }),
    );
  });

  it("has ids from the source of randomness that is given, none of them zeros", async () => {
    const counting = tracing({ fillRandom: (bytes) => bytes.forEach((_, index) => (bytes[index] = index)) });
    expect(await counting({})).toMatchObject({ traceId: "000102030405060708090a0b0c0d0e0f", spanId: "1011121314151617" });
    expect(await counting({ traceparent })).toMatchObject({ spanId: "18191a1b1c1d1e1f" });
    const broken = tracing({ fillRandom: (bytes) => bytes.fill(0) });
    expect(await broken({})).toMatchObject({ traceId: `${"0".repeat(31)}1`, spanId: `${"0".repeat(15)}1` });
  });

  it("gives no id out twice when the source of randomness fails in between", async () => {
    let fillings = 0;
    const fault = new Error("no entropy");
    const failing = tracing({
      fillRandom: (bytes) => {
        fillings += 1;
        if (fillings === 2) throw fault;
        crypto.getRandomValues(bytes);
      },
    });
    const ids = new Set<string>();
    let failures = 0;
    for (let call = 0; call < 300; call += 1) {
      await failing({ traceparent }).then(({ spanId }) => ids.add(spanId), (error: unknown) => (expect(error).toBe(fault), (failures += 1)));
    }
    expect([ids.size, failures]).toEqual([299, 1]);
  });

  it("adds no promise, changes neither request nor call, and needs no call", () => {
    const promise = Promise.resolve(1);
    const call = Object.freeze({ priority: 2 });
    const service = traceContext()((_request: object, inner: Call & { readonly trace: TraceContext }) => {
      expect(inner.trace.traceId).toHaveLength(32);
      return promise;
    });
    expect(service(Object.freeze({}), call)).toBe(promise);
    expect((service as (input: object) => unknown)({})).toBe(promise);
    expect(call).toEqual({ priority: 2 });
  });

  it("that cannot be read rejects, and throws nothing", async () => {
    const fault = new Error("no headers");
    const failing = (): never => {
      throw fault;
    };
    await expect(pipeline<string>().use(traceContext({ read: failing })).handle(async () => 1)("", {})).rejects.toBe(fault);
    await expect(pipeline<string>().use(traceContext({ sample: failing })).handle(async () => 1)("", {})).rejects.toBe(fault);
  });

  it("refuses options that are no functions", () => {
    expect(() => traceContext({ read: 1 as never })).toThrow("read must be a function, got number");
    expect(() => traceContext({ sample: true as never })).toThrow("sample must be a function, got boolean");
    expect(() => traceContext({ fillRandom: 1 as never })).toThrow("fillRandom must be a function, got number");
  });

  it("is a provider that reads the headers of a Node request, and says what it is", () => {
    interface NodeRequest {
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }
    const layer = traceContext({ read: ({ headers }: NodeRequest) => headers });
    expectTypeOf(layer).toEqualTypeOf<Provider<{ readonly trace: TraceContext }, Call, NodeRequest>>();
    expect(descriptionOf(layer)).toEqual({ kind: "trace-context" });
  });
});

describe("the tracestate", () => {
  const stateOf = async (tracestate: string | readonly string[]): Promise<string | undefined> => (await trace({ traceparent, tracestate })).state;
  const members = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}=v`).join(",");

  it("is handed on in its order, without the space and the empty members", async () => {
    expect(await stateOf("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")).toBe("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    expect(await stateOf(" b=2 ,\t, a=1\t,")).toBe("b=2,a=1");
    expect(await stateOf("a=with space inside")).toBe("a=with space inside");
    expect(await stateOf("tenant@system=1,0digit=2,a_-*/0=3")).toBe("tenant@system=1,0digit=2,a_-*/0=3");
  });

  it("is nothing when it is empty", async () => {
    expect(await Promise.all([stateOf(""), stateOf(" , "), stateOf([])])).toEqual([undefined, undefined, undefined]);
  });

  it("that came several times is one list", async () => {
    expect(await stateOf(["foo=1,bar=2", "baz=3"])).toBe("foo=1,bar=2,baz=3");
  });

  it("keeps of a key that came twice the one further left, which is newer", async () => {
    expect(await stateOf("foo=1,bar=2,foo=3")).toBe("foo=1,bar=2");
    expect(await stateOf(["foo=1", "foo=1"])).toBe("foo=1");
  });

  it("has at most 32 members, or is dropped", async () => {
    expect(await stateOf(members(32))).toBe(members(32));
    expect(await stateOf(members(33))).toBeUndefined();
    expect(await stateOf([members(20), members(20)])).toBeUndefined();
  });

  it.each(["foo", "=1", "foo=", "foo =1", "Foo=1", "foo=1=2", "foo=\u0001", "foo=é", "_foo=1", "@foo=1", `${"k".repeat(257)}=1`, `k=${"v".repeat(257)}`, "foo=1;bar=2,x"])(
    "is dropped whole when a member is not valid, and the trace goes on: %j",
    async (bad) => {
      expect(await trace({ traceparent, tracestate: `a=1,${bad},b=2` })).toMatchObject({ traceId, parentId, state: undefined });
    },
  );

  it("may have keys and values of 256 characters", async () => {
    const long = `${"k".repeat(256)}=${"v".repeat(256)}`;
    expect(await stateOf(long)).toBe(long);
  });

  it("is not even looked at when it is longer than any valid one", async () => {
    expect(await stateOf(`a=1,${" ".repeat(100_000)}`)).toBeUndefined();
  });

  it("is ignored when the traceparent is not valid", async () => {
    expect(await trace({ traceparent: "00-bad", tracestate: "a=1" })).toMatchObject({ state: undefined });
    expect(await trace({ tracestate: "a=1" })).toMatchObject({ state: undefined });
  });

  it("takes your own member leftmost, in place of its older one, and drops the oldest of more than 32", async () => {
    expect(withTracestate(undefined, "own", "1")).toBe("own=1");
    expect(withTracestate("a=1,own=old,b=2", "own", "new")).toBe("own=new,a=1,b=2");
    const full = withTracestate(members(32), "own", "1");
    expect(full).toBe(`own=1,${members(31)}`);
    expect(await stateOf(full)).toBe(full);
  });

  it("takes no member of your own that would break it", () => {
    expect(() => withTracestate("a=1", "Own", "1")).toThrow(RangeError);
    expect(() => withTracestate("a=1", "own", "1,b=2")).toThrow('value must be a tracestate value, got "1,b=2"');
  });
});
