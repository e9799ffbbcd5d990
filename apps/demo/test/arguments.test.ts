import { describe, expect, it } from "vitest";
import { readArguments } from "../src/arguments.ts";
import { UsageError } from "../src/command-line.ts";
import { readOutageArguments } from "../src/outages/arguments.ts";

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
    [["--workers", "-1"], "Option '--workers' needs a value"],
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

describe("the arguments of outages", () => {
  it("default to a second of patience and two of outage", () => {
    expect(readOutageArguments([])).toEqual({ ratePerSecond: 100, phaseMs: 2000, deadlineMs: 1000, json: false });
  });

  it("are read", () => {
    const argv = ["--rate", "50", "--phase-ms=600", "--deadline-ms", "300", "--json"];
    expect(readOutageArguments(argv)).toEqual({ ratePerSecond: 50, phaseMs: 600, deadlineMs: 300, json: true });
    expect(readOutageArguments(["--help", "--rate", "0"])).toBe("help");
  });

  it.each([
    [["--rate", "5"], '--rate must be a whole number from 20 to 10000, got "5"'],
    [["--phase-ms", "10"], '--phase-ms must be a whole number from 500 to 600000, got "10"'],
    [["--deadline-ms", "x"], '--deadline-ms must be a whole number from 100 to 60000, got "x"'],
    [["--requests", "3"], "Unknown option '--requests'"],
    [["upstream"], "Unexpected argument 'upstream'"],
  ])("%j are refused in one line", (argv, message) => {
    expect(() => readOutageArguments(argv)).toThrow(new UsageError(message));
  });
});
