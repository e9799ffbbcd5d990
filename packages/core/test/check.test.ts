import { checkFunction, checkNumber } from "@breakwater/core";
import { describe, expect, it } from "vitest";

describe("checking a number", () => {
  it("returns it when it is in range", () => {
    expect(checkNumber("n", 0)).toBe(0);
    expect(checkNumber("n", Infinity)).toBe(Infinity);
    expect(checkNumber("n", Infinity, { integer: true })).toBe(Infinity);
    expect(checkNumber("n", 0.5, { min: 0.5, max: 0.5 })).toBe(0.5);
  });

  it.each([
    [NaN, {}, "timeoutMs must be a number from 0 to Infinity, got NaN"],
    [-1, {}, "timeoutMs must be a number from 0 to Infinity, got -1"],
    [1.5, { integer: true }, "timeoutMs must be a whole number from 0 to Infinity, got 1.5"],
    [Infinity, { max: 10 }, "timeoutMs must be a number from 0 to 10, got Infinity"],
  ])("names option and value when it is not: %s", (value, range, message) => {
    expect(() => checkNumber("timeoutMs", value, range)).toThrow(new RangeError(message));
  });

  it.each([
    ["5", 'timeoutMs must be a number, got "5"'],
    [null, "timeoutMs must be a number, got null"],
    [undefined, "timeoutMs must be a number, got undefined"],
    [{}, "timeoutMs must be a number, got object"],
  ])("names option and value when it is no number: %s", (value, message) => {
    expect(() => checkNumber("timeoutMs", value)).toThrow(new TypeError(message));
  });
});

describe("checking a function", () => {
  it("names option and value when it is none", () => {
    checkFunction("work", () => 1);
    expect(() => checkFunction("work", "x")).toThrow(new TypeError('work must be a function, got "x"'));
  });
});
