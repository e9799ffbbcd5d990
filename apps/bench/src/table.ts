import type { Row } from "./candidate.ts";

const barWidth = 24;

/** The rows of one case for people: the floor first, then from fast to slow, with a bar for the ratio on a log scale. */
export function tableOf(rows: readonly Row[], isColoured: boolean): string {
  const [first] = rows;
  if (first === undefined) return "";
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || a.nsPerOp - b.nsPerOp);
  const most = Math.max(...rows.map(({ vsFloor }) => vsFloor));
  const width = Math.max(...rows.map((row) => label(row).length));
  const lines = sorted.map((row) => {
    const text = `  ${label(row).padEnd(width)}  ${nanoseconds(row.nsPerOp)}  ${ratio(row.vsFloor)}  ${bar(row.vsFloor, most)}`;
    return isColoured && row.kind !== "rival" ? `\u001b[${row.kind === "ours" ? 1 : 2}m${text}\u001b[0m` : text;
  });
  return [`${first.group}: ${first.case}`, ...lines].join("\n");
}

function rank({ kind }: Row): number {
  return kind === "floor" ? 0 : 1;
}

function label({ name, kind, version }: Row): string {
  return `${kind === "ours" ? "* " : "  "}${version === "" ? name : `${name} ${version}`}`;
}

function nanoseconds(value: number): string {
  const text = value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
  return `${text.padStart(9)} ns`;
}

function ratio(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} x`.padStart(9);
}

function bar(value: number, most: number): string {
  if (most <= 1 || value <= 1) return "▏";
  return "█".repeat(Math.max(1, Math.round((Math.log(value) / Math.log(most)) * barWidth)));
}
