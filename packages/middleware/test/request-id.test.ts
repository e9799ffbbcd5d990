import { pipeline, requestId } from "@breakwater/middleware";
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
});
