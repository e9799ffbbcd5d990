import { pipeline, requestId } from "@breakwater/middleware";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const idOf = (options?: Parameters<typeof requestId<string>>[0]): ((given: string) => Promise<string>) => {
  const service = pipeline<string>().use(requestId(options)).handle(async (_given, call) => call.requestId);
  return (given) => service(given, {});
};

describe("a request id", () => {
  it("is made for each request, none like another", async () => {
    const id = idOf();
    const ids = await Promise.all(Array.from({ length: 1000 }, () => id("")));
    expect(new Set(ids).size).toBe(1000);
    expect(ids[0]).toMatch(/^[\w-]{3,40}$/);
  });

  it("that the request brings is taken over", async () => {
    expect(await idOf({ read: (given) => given })("trace-7_A=")).toBe("trace-7_A=");
  });

  it.each(["", "two words", "a\nline", "<script>", "é", "x".repeat(256)])("that is not sane is replaced: %j", async (given) => {
    expect(await idOf({ read: (text) => text, generate: () => "mine" })(given)).toBe("mine");
  });

  it("of 255 characters is still sane", async () => {
    const id = "x".repeat(255);
    expect(await idOf({ read: (given) => given })(id)).toBe(id);
  });

  it("that is a list of texts, as a repeated header is, is replaced", async () => {
    expect(await idOf({ read: () => ["abc"] as never, generate: () => "mine" })("")).toBe("mine");
  });

  it("is taken over only if it has no character but letters, digits, _, - and =", async () => {
    const id = idOf({ read: (text) => text, generate: () => "mine" });
    const allowed = /^[A-Za-z0-9_=-]+$/;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.stringMatching(allowed)), async (text) => {
        expect(await id(text)).toBe(text.length <= 255 && allowed.test(text) ? text : "mine");
      }),
    );
  });

  it("needs no call from JavaScript", async () => {
    const seen: unknown[] = [];
    const layer = requestId({ read: (_given: string, call) => String(seen.push(call)), generate: () => "mine" });
    const service = layer(async (_given: string, call) => call) as (given: string) => Promise<unknown>;
    expect([await service(""), seen]).toEqual([{ requestId: "1" }, [{}]]);
  });

  it("adds no promise, and changes neither request nor call", () => {
    const promise = Promise.resolve(1);
    const call = Object.freeze({ priority: 2 });
    const service = requestId()((_request: object, inner) => {
      expect(inner).toEqual({ priority: 2, requestId: expect.any(String) as string });
      return promise;
    });
    expect(service(Object.freeze({}), call)).toBe(promise);
    expect(call).toEqual({ priority: 2 });
  });

  it("that cannot be read or made rejects, and throws nothing", async () => {
    const fault = new Error("no headers");
    const failing = (): never => {
      throw fault;
    };
    await expect(idOf({ read: failing })("")).rejects.toBe(fault);
    await expect(idOf({ generate: failing })("")).rejects.toBe(fault);
  });

  it("refuses options that are no functions", () => {
    expect(() => requestId({ read: 1 as never })).toThrow("read must be a function, got number");
    expect(() => requestId({ generate: "x" as never })).toThrow("generate must be a function, got");
  });
});
