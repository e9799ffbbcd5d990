import { describe, expect, it } from "vitest";
import { readArguments, UsageError } from "../src/arguments.ts";

describe("the demo's arguments", () => {
  it("default to the faithful test", () => {
    expect(readArguments([])).toEqual({ mode: "timers", requests: 1000, workers: 100, failRate: 0, seed: 1, json: false });
  });

  it("are read", () => {
    const argv = ["--real", "--requests", "20", "--workers=5", "--fail-rate", ".25", "--seed", "7", "--json"];
    expect(readArguments(argv)).toEqual({ mode: "real", requests: 20, workers: 5, failRate: 0.25, seed: 7, json: true });
  });

  it("ask for help before anything else is checked", () => {
    expect(readArguments(["--help", "--requests", "0"])).toBe("help");
  });

  it.each([
    [["--requests", "0"], '--requests must be a whole number from 1 to 1000000, got "0"'],
    [["--requests", "1e3"], '--requests must be a whole number from 1 to 1000000, got "1e3"'],
    [["--workers", "-1"], "Option '--workers' argument is ambiguous"],
    [["--workers", ""], '--workers must be a whole number from 1 to 100000, got ""'],
    [["--fail-rate", "1.5"], '--fail-rate must be a number from 0 to 1, got "1.5"'],
    [["--fail-rate", "lots"], '--fail-rate must be a number from 0 to 1, got "lots"'],
    [["--seed", "4294967296"], '--seed must be a whole number from 0 to 4294967295, got "4294967296"'],
    [["--requsts", "3"], "Unknown option '--requsts'"],
    [["surplus"], "Unexpected argument 'surplus'"],
    [["--compare", "--real"], "--compare and --real exclude each other"],
    [["--compare", "--fail-rate", "0.5"], "--compare times requests that succeed: leave --fail-rate out"],
  ])("%j are refused in one line", (argv, message) => {
    expect(() => readArguments(argv)).toThrow(UsageError);
    try {
      readArguments(argv);
    } catch (error) {
      expect(String(error)).toBe(`UsageError: ${message}`);
      expect(String(error)).not.toContain("\n");
    }
  });
});
