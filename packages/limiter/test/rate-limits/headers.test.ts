import { parseRateLimitHeaders, rateLimitHeaders, type Decision } from "@breakwater/limiter";
import { describe, expect, it } from "vitest";

const allowed: Decision = { allowed: true, limit: 100, windowMs: 60_000, remaining: 30, retryAfterMs: 0, resetAfterMs: 11_001 };
const refused: Decision = { ...allowed, allowed: false, remaining: 0, retryAfterMs: 1, resetAfterMs: 60_000 };

describe("rateLimitHeaders", () => {
  it.each([
    ["draft-8", { "ratelimit-policy": '"api";q=100;w=60', ratelimit: '"api";r=30;t=12' }],
    ["draft-7", { "ratelimit-policy": "100;w=60", ratelimit: "limit=100, remaining=30, reset=12" }],
    ["draft-6", { "ratelimit-limit": "100", "ratelimit-remaining": "30", "ratelimit-reset": "12" }],
    ["legacy", { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "30", "x-ratelimit-reset": "12" }],
  ] as const)("%s, in whole seconds, rounded up", (version, fields) => {
    expect(rateLimitHeaders(allowed, { policyName: "api", version })).toEqual(fields);
  });

  it("a refusal says when to come back, never before the other fields do", () => {
    const fields = rateLimitHeaders(refused);
    expect(fields).toMatchObject({ ratelimit: '"default";r=0;t=1', "retry-after": "1" });
    const never = rateLimitHeaders({ ...refused, retryAfterMs: Infinity });
    expect(never).not.toHaveProperty("retry-after");
    expect(never.ratelimit).toBe('"default";r=0;t=60');
  });

  it("numbers stay integers that a structured field can hold", () => {
    expect(rateLimitHeaders({ ...allowed, limit: Infinity, remaining: Infinity, windowMs: Infinity })).toMatchObject({
      "ratelimit-policy": '"default";q=999999999999999;w=999999999999999',
    });
  });

  it("refuses a version or a name that does not exist", () => {
    // @ts-expect-error no such version
    expect(() => rateLimitHeaders(allowed, { version: "draft-9" })).toThrow(RangeError);
    expect(() => rateLimitHeaders(allowed, { policyName: 'a"\r\n' })).toThrow(RangeError);
  });
});

describe("parseRateLimitHeaders", () => {
  it("reads back every version", () => {
    for (const version of ["draft-8", "draft-7", "draft-6", "legacy"] as const) {
      const report = parseRateLimitHeaders(rateLimitHeaders(refused, { version }));
      expect(report).toMatchObject({ limit: 100, remaining: 0, resetAfterMs: 1000, retryAfterMs: 1000 });
    }
  });

  it("reads Headers, other cases of names, lists, dates, and times since 1970", () => {
    const now = Date.parse("2026-11-23T12:00:00Z");
    const headers = new Headers({ "Retry-After": "Mon, 23 Nov 2026 12:00:30 GMT", "X-RateLimit-Reset": String(now / 1000 + 45) });
    expect(parseRateLimitHeaders(headers, now)).toEqual({ resetAfterMs: 45_000, retryAfterMs: 30_000 });
    expect(parseRateLimitHeaders({ "X-RateLimit-Limit": ["60"], "RETRY-AFTER": "2" })).toEqual({ limit: 60, retryAfterMs: 2000 });
  });

  it("leaves out what is missing or makes no sense", () => {
    expect(parseRateLimitHeaders({})).toEqual({});
    expect(parseRateLimitHeaders({ "retry-after": "soon", ratelimit: "nonsense", "x-ratelimit-limit": "many" })).toEqual({});
  });
});
