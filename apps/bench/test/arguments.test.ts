import { describe, expect, it } from "vitest";
import { helpFor, readArguments, UsageError } from "../src/arguments.ts";

const known = ["breaker", "pool", "service"];

describe("the bench's arguments", () => {
  it("default to all groups, at length, for people", () => {
    expect(readArguments([], known)).toEqual({ groups: known, quick: false, json: false, reference: undefined });
  });

  it("choose groups, in the bench's order", () => {
    expect(readArguments(["service", "breaker", "--quick", "--json"], known)).toMatchObject({
      groups: ["breaker", "service"],
      quick: true,
      json: true,
    });
    expect(readArguments(["service", "--reference", "file.py"], known)).toMatchObject({ reference: "file.py" });
  });

  it("ask for help", () => {
    expect(readArguments(["--help"], known)).toBe("help");
    expect(helpFor(known)).toContain("Groups: breaker, pool, service");
  });

  it.each([
    [["cache"], 'there is no group "cache"; there are breaker, pool, service'],
    [["--quik"], "Unknown option '--quik'"],
    [["breaker", "--reference", "x"], "--reference adds to the group service, which is not asked for"],
    [["--reference"], "Option '--reference <value>' argument missing"],
  ])("%j are refused in one line", (argv, message) => {
    expect(() => readArguments(argv, known)).toThrow(new UsageError(message));
  });
});
