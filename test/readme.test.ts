import { format } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { writeExamples } from "../scripts/readme-examples.js";

/** What an example promises to print: the comments behind its console.log calls, in the order of the source. */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\);?\s*\/\/\s*(.+)$/gm)].map((match) => (match[1] ?? "").trim());
}

async function run(file: string): Promise<string[]> {
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed.push(format(...values));
  });
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  return printed;
}

describe("every example of the READMEs runs and prints what it says", () => {
  for (const { readme, line, file, code } of writeExamples()) {
    it(`${readme}:${line}`, async () => {
      const expected = promised(code);
      const printed = await run(file);
      const isAllPromised = expected.length === [...code.matchAll(/console\.log\b/g)].length;
      expect(isAllPromised ? printed : printed.filter((text) => expected.includes(text))).toEqual(expected);
    });
  }
});
