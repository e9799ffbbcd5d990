import { expect, it } from "vitest";
import type { Table } from "../src/experiment.ts";
import { markdownOf, textOf } from "../src/text.ts";

const table: Table = {
  title: "A title",
  setup: ["Set up", "like this."],
  columns: ["x1", "x2"],
  lines: [{ name: "ours", cells: [{ text: "1", values: { a: 1 } }, { text: "22", values: { a: 22 } }] }],
  claims: [{ claim: "it is small", holds: false, found: "22" }],
};

it("prints columns, and what does not hold", () => {
  expect(textOf(table, false)).toBe(
    ["A title", "  Set up", "  like this.", "", "        x1  x2", "  ours   1  22", "", "  FAILS it is small: 22", ""].join("\n"),
  );
  expect(textOf(table, true)).toContain("\u001b[31mFAILS\u001b[0m");
});

it("prints Markdown for documents", () => {
  expect(markdownOf(table)).toContain("|  | x1 | x2 |\n| --- | --- | --- |\n| ours | 1 | 22 |");
});
