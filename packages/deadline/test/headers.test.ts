import type { Call } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { formatTimeoutHeader, readTimeoutHeader, remainingMs, shrinkDeadline } from "@breakwater/deadline";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("remainingMs", () => {
  it.each([
    [{}, Infinity],
    [{ deadlineAt: Infinity }, Infinity],
    [{ deadlineAt: 1_250 }, 250],
    [{ deadlineAt: 1_000 }, 0],
    [{ deadlineAt: 1 }, 0],
    [{ deadlineAt: NaN }, Infinity],
  ])("of %j is %d", (call, expected) => {
    expect(remainingMs(call, new ManualClock(1_000))).toBe(expected);
  });

  it("goes by the system's clock unless told otherwise", () => {
    expect(remainingMs({ deadlineAt: performance.now() + 60_000 })).toBeGreaterThan(50_000);
  });
});

describe("shrinkDeadline", () => {
  const clock = new ManualClock(1_000);

  it("gives the call a deadline so many ms from now, in a copy", () => {
    const call: Call & { readonly user: string } = { user: "ada" };
    expect(shrinkDeadline(call, 50, clock)).toEqual({ user: "ada", deadlineAt: 1_050 });
    expect(call).toEqual({ user: "ada" });
  });

  it("never extends a deadline: the call is the same then", () => {
    const call = { deadlineAt: 1_040 };
    for (const timeoutMs of [50, 40, Infinity, undefined, NaN]) expect(shrinkDeadline(call, timeoutMs, clock)).toBe(call);
    expect(shrinkDeadline(call, 39, clock).deadlineAt).toBe(1_039);
    expect(shrinkDeadline(call, 0, clock).deadlineAt).toBe(1_000);
  });
});

describe("a header in milliseconds", () => {
  it.each([
    ["0", 0],
    ["800", 800],
    ["00800", 800],
    ["999999999999999", 999_999_999_999_999],
  ])("%j is read", (header, ms) => expect(readTimeoutHeader(header)).toBe(ms));

  it.each(["", " ", "-1", "+1", "1.5", "1e3", "0x10", " 800", "800 ", "800ms", "1,2", "Infinity", "NaN", "1000000000000000", "٣", "8\n", null, undefined])(
    "%j is none",
    (header) => expect(readTimeoutHeader(header)).toBeUndefined(),
  );

  it("that came twice is none", () => {
    expect(readTimeoutHeader(["1", "2"])).toBeUndefined();
    expect(readTimeoutHeader(["1"])).toBe(1);
    expect(readTimeoutHeader([])).toBeUndefined();
  });

  it("is clamped, and so can only shrink", () => {
    expect(readTimeoutHeader("60000", { maxMs: 30_000 })).toBe(30_000);
    expect(readTimeoutHeader("60000", { maxMs: 90_000 })).toBe(60_000);
  });

  it.each([
    [800, "800"],
    [800.9, "800"],
    [0.9, "0"],
    [0, "0"],
    [-5, "0"],
    [-Infinity, "0"],
    [Infinity, undefined],
    [1e300, "9007199254740991"],
  ])("of %d is written as %j", (ms, header) => expect(formatTimeoutHeader(ms)).toBe(header));
});

describe("the header of gRPC", () => {
  it.each([
    ["2H", 7_200_000],
    ["3M", 180_000],
    ["4S", 4_000],
    ["800m", 800],
    ["1500u", 1.5],
    ["2500000n", 2.5],
    ["0n", 0],
    ["99999999H", 99_999_999 * 3_600_000],
  ])("%j is read", (header, ms) => expect(readTimeoutHeader(header, { format: "grpc" })).toBeCloseTo(ms, 9));

  it.each(["", "800", "m", "-1m", "1.5S", "123456789m", "1 m", "1ms", "1s", "1h", "1m1m", "1m\n"])("%j is none", (header) =>
    expect(readTimeoutHeader(header, { format: "grpc" })).toBeUndefined(),
  );

  it.each([
    [0, "0u"],
    [-1, "0u"],
    [0.25, "250u"],
    [1, "1m"],
    [800.9, "800m"],
    [99_999_999.5, "99999999m"],
    [100_000_000, "100000S"],
    [99_999_999_999, "99999999S"],
    [100_000_000_000, "1666666M"],
    [6_000_000_000_000, "1666666H"],
    [1e300, "99999999H"],
    [Infinity, undefined],
  ])("of %d is written as %j", (ms, header) => expect(formatTimeoutHeader(ms, { format: "grpc" })).toBe(header));
});

describe("both headers", () => {
  it("never promise more than is left, and lose less than a unit", () => {
    const formats = fc.constantFrom("ms" as const, "grpc" as const);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e14, noNaN: true }), formats, fc.double({ min: 0, noNaN: true }), (ms, format, maxMs) => {
        const header = formatTimeoutHeader(ms, { format, maxMs });
        const read = readTimeoutHeader(header, { format });
        expect(read).toBeDefined();
        expect(read).toBeLessThanOrEqual(Math.min(ms, maxMs));
        if (format === "ms") expect(Math.min(ms, maxMs) - (read ?? 0)).toBeLessThan(1);
      }),
    );
  });

  it("name a wrong option", () => {
    expect(() => readTimeoutHeader("1", { maxMs: -1 })).toThrow("maxMs must be a number from 0 to Infinity, got -1");
    expect(() => readTimeoutHeader("1", { format: "http" as "grpc" })).toThrow('format must be "ms" or "grpc", got http');
    expect(() => formatTimeoutHeader(NaN)).toThrow(RangeError);
    expect(() => formatTimeoutHeader("1" as unknown as number)).toThrow(TypeError);
  });
});
