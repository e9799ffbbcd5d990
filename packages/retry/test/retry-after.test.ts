import { RejectedError } from "@breakwater/core";
import { retryAfterMs } from "@breakwater/retry";
import { describe, expect, it } from "vitest";

const wallNow = (): number => Date.UTC(1994, 10, 6, 8, 49, 0);
const headers = (value: string): object => ({ headers: { "retry-after": value } });

describe("retryAfterMs", () => {
  it("reads what a refusal says", () => {
    expect(retryAfterMs(new RejectedError("ERR", "no", { reason: "rate", retryAfterMs: 250 }))).toBe(250);
    expect(retryAfterMs(new RejectedError("ERR", "no", { reason: "rate" }))).toBeUndefined();
    expect(retryAfterMs({ retryAfterMs: Infinity })).toBe(Infinity);
    expect(retryAfterMs({ retryAfterMs: 0, headers: { "retry-after": 7 } })).toBe(0);
  });

  it.each(["50", Number.NaN, -1, null])("takes no retryAfterMs of %s", (value) => {
    expect(retryAfterMs({ retryAfterMs: value })).toBeUndefined();
  });

  it("finds the field in Headers, Maps and plain objects, whatever the case, on an answer or on an error's response", () => {
    expect(retryAfterMs(new Response("busy", { headers: { "Retry-After": "7" } }))).toBe(7_000);
    expect(retryAfterMs({ response: { headers: { "Retry-After": "7" } } })).toBe(7_000);
    expect(retryAfterMs({ headers: new Map<unknown, unknown>([[1, "7"], ["RETRY-AFTER", "7"]]) })).toBe(7_000);
    expect(retryAfterMs({ headers: { "retry-after": 7 } })).toBe(7_000);
    expect(retryAfterMs({ headers: {}, response: { headers: { "retry-after": " 0 " } } })).toBe(0);
  });

  it.each(["1.5", "", " ", "0x10", "-1", "+3", "1e3", "7 s", "7,8", "soon", "2030-01-01", "Infinity"])("understands nothing in %j", (value) => {
    expect(retryAfterMs(headers(value), { wallNow })).toBeUndefined();
  });

  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])("reads the date %j", (value) => {
    expect(retryAfterMs(headers(value), { wallNow })).toBe(37_000);
  });

  it("a date that has passed is now, and one that is none is nothing", () => {
    expect(retryAfterMs(headers("Sun, 06 Nov 1994 08:48:37 GMT"), { wallNow })).toBe(0);
    expect(retryAfterMs(headers("Sun, 36 Nov 1994 08:48:37 GMT"), { wallNow })).toBeUndefined();
  });

  it.each([undefined, null, "a text", 7, 7n, Symbol("s"), {}, { headers: null }, { headers: 3 }, { response: null }])(
    "says nothing of %s, and never throws",
    (subject) => {
      expect(retryAfterMs(subject)).toBeUndefined();
    },
  );

  it("a getter that throws says nothing either", () => {
    const trap = {
      get headers(): never {
        throw new Error("closed");
      },
    };
    expect(retryAfterMs(trap)).toBeUndefined();
  });
});
