import { parseRateLimitHeaders, rateLimitHeaders, type Decision } from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const allowed: Decision = { allowed: true, limit: 100, windowMs: 60_000, remaining: 30, retryAfterMs: 0, resetAfterMs: 11_001 };
const refused: Decision = { ...allowed, allowed: false, remaining: 0, retryAfterMs: 1, resetAfterMs: 60_000 };

describe("rateLimitHeaders", () => {
  it.each([
    ["draft-8", { "ratelimit-policy": '"api";q=100;w=60', ratelimit: '"api";r=30;t=12' }],
    ["draft-7", { "ratelimit-policy": "100;w=60", ratelimit: "limit=100, remaining=30, reset=12" }],
    ["draft-6", { "ratelimit-policy": "100;w=60", "ratelimit-limit": "100", "ratelimit-remaining": "30", "ratelimit-reset": "12" }],
    ["legacy", { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "30", "x-ratelimit-reset": "1800000012" }],
  ] as const)("%s, in whole seconds, rounded up", (version, fields) => {
    expect(rateLimitHeaders(allowed, { policyName: "api", version, wallClock: () => 1_800_000_000_000 })).toEqual(fields);
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
    expect(() => rateLimitHeaders(allowed, { policyName: "a\r\n" })).toThrow(RangeError);
  });
});

describe("parseRateLimitHeaders", () => {
  it("reads back every version", () => {
    for (const version of ["draft-8", "draft-7", "draft-6", "legacy"] as const) {
      const report = parseRateLimitHeaders(rateLimitHeaders(refused, { version, wallClock: () => 1_800_000_000_000 }), 1_800_000_000_000);
      expect(report).toMatchObject({ limit: 100, remaining: 0, resetAfterMs: 1000, retryAfterMs: 1000 });
    }
  });

  it("reads Headers, other cases of names, lists, dates, and times since 1970", () => {
    const now = Date.parse("2026-11-23T12:00:00Z");
    const headers = new Headers({ "Retry-After": "Mon, 23 Nov 2026 12:00:30 GMT", "X-RateLimit-Reset": String(now / 1000 + 45) });
    expect(parseRateLimitHeaders(headers, now)).toEqual({ resetAfterMs: 45_000, retryAfterMs: 30_000 });
    expect(parseRateLimitHeaders({ "X-RateLimit-Limit": ["60"], "RETRY-AFTER": "2" })).toEqual({ limit: 60, retryAfterMs: 2000 });
  });

  it("of several limits reads the one with the least left, whatever their names hold", () => {
    const headers = {
      "ratelimit-policy": '"a,b;q=1";q=100;w=60, "hour";q=1000;w=3600',
      ratelimit: '"a,b;q=1";r=30;t=12, "hour";r=7;t=1800',
    };
    expect(parseRateLimitHeaders(headers)).toEqual({ limit: 1000, remaining: 7, windowMs: 3_600_000, resetAfterMs: 1_800_000, policyName: "hour" });
    const odd = rateLimitHeaders(allowed, { policyName: 'say "hi"\\, you' });
    expect(parseRateLimitHeaders(odd)).toMatchObject({ limit: 100, remaining: 30, policyName: 'say "hi"\\, you' });
  });

  it("reads seconds with a fraction, and a reset in ms since 1970", () => {
    const now = 1_800_000_000_000;
    expect(parseRateLimitHeaders({ "x-ratelimit-reset": now + 1500 }, now)).toEqual({ resetAfterMs: 1500 });
    expect(parseRateLimitHeaders({ "x-ratelimit-reset": "1.5" }, now)).toEqual({ resetAfterMs: 1500 });
  });

  it("what we write is never earlier than what we decided, in any version", () => {
    const version = fc.constantFrom("draft-8" as const, "draft-7" as const, "draft-6" as const, "legacy" as const);
    fc.assert(
      fc.property(version, fc.double({ min: 0.001, max: 1e7, noNaN: true }), fc.integer({ min: 1e12, max: 2e12 }), (version, retryAfterMs, now) => {
        const read = parseRateLimitHeaders(rateLimitHeaders({ ...refused, retryAfterMs }, { version, wallClock: () => now }), now);
        expect(read.retryAfterMs).toBeGreaterThanOrEqual(retryAfterMs);
        expect(read.retryAfterMs).toBeLessThan(retryAfterMs + 1000);
        expect(read.resetAfterMs).toBeGreaterThanOrEqual(retryAfterMs - 1e-3);
      }),
    );
  });

  it("leaves out what is missing or makes no sense", () => {
    expect(parseRateLimitHeaders({})).toEqual({});
    expect(parseRateLimitHeaders({ "retry-after": "soon", ratelimit: "nonsense", "x-ratelimit-limit": "many" })).toEqual({});
  });
});
