import { describe, expect, it } from "vitest";
import { helpFor, readArguments, UsageError } from "../src/arguments.ts";

const known = ["queues", "adaptive"];

describe("the command line", () => {
  it("runs everything with five seeds by default", () => {
    expect(readArguments([], known)).toEqual({ names: known, seeds: [1, 2, 3, 4, 5], json: false, markdown: false });
  });

  it("takes names in any order, a number of seeds, and a form", () => {
    expect(readArguments(["adaptive", "queues", "--seeds", "2", "--json"], known)).toEqual({ names: known, seeds: [1, 2], json: true, markdown: false });
  });

  it.each([
    [["nothing"], 'there is no experiment "nothing"; there are queues, adaptive'],
    [["--seeds", "0"], "--seeds must be a whole number from 1 to 100, got 0"],
    [["--seeds", "many"], "--seeds must be a whole number from 1 to 100, got many"],
    [["--json", "--markdown"], "--json and --markdown exclude each other"],
    [["--fast"], "Unknown option '--fast'"],
  ])("refuses %j in one line", (argv, message) => {
    expect(() => readArguments(argv, known)).toThrow(new UsageError(message));
  });

  it("explains itself", () => {
    expect(readArguments(["--help"], known)).toBe("help");
    expect(helpFor([{ name: "queues", about: "what it is", run: async () => [] }])).toContain("queues  what it is");
  });
});
