import type { Claim, Line, Table } from "./experiment.ts";

/** A table for a terminal: the set-up, the figures in columns, the claims. */
export function textOf(table: Table, isColoured: boolean): string {
  const rows = rowsOf(table);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = "", ...body] = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join("  "));
  const claims = table.claims.map((claim) => `  ${paint(mark(claim), claim.holds ? 32 : 31, isColoured)} ${claim.claim}: ${claim.found}`);
  return [
    paint(table.title, 1, isColoured),
    ...table.setup.map((line) => `  ${line}`),
    "",
    paint(`  ${head}`, 2, isColoured),
    ...body.map((line) => `  ${line}`),
    ...(claims.length > 0 ? ["", ...claims] : []),
    "",
  ].join("\n");
}

/** The same for a document. */
export function markdownOf(table: Table): string {
  const [head = [], ...body] = rowsOf(table);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `### ${table.title}`,
    "",
    table.setup.join(" "),
    "",
    row(head),
    row(head.map(() => "---")),
    ...body.map(row),
    "",
    ...table.claims.map((claim) => `- ${mark(claim)} ${claim.claim}: ${claim.found}`),
    "",
  ].join("\n");
}

function rowsOf({ columns, lines }: Table): string[][] {
  return [["", ...columns], ...lines.map(({ name, cells }: Line) => [name, ...cells.map(({ text }) => text)])];
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function mark({ holds }: Claim): string {
  return holds ? "holds" : "FAILS";
}

function paint(text: string, code: number, isColoured: boolean): string {
  return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
}
