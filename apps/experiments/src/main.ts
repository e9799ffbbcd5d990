import { helpFor, readArguments, UsageError, type Arguments } from "./arguments.ts";
import type { Table } from "./experiment.ts";
import { experiments } from "./experiments.ts";
import { markdownOf, textOf } from "./text.ts";

const isColoured = process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "";

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function tablesOf({ names, seeds }: Arguments, print: (table: Table) => void): Promise<Table[]> {
  const all: Table[] = [];
  for (const experiment of experiments.filter(({ name }) => names.includes(name))) {
    progress(`${experiment.name}: 0 %`);
    const tables = await experiment.run({
      seeds,
      progress: (ratio) => progress(`${experiment.name}: ${Math.round(100 * ratio)} %`),
    });
    progress("");
    for (const table of tables) print(table);
    all.push(...tables);
  }
  return all;
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2), experiments.map(({ name }) => name));
  if (args === "help") {
    console.log(helpFor(experiments));
    return;
  }
  const print = args.markdown
    ? (table: Table) => console.log(markdownOf(table))
    : (table: Table) => console.log(textOf(table, isColoured));
  const tables = await tablesOf(args, args.json ? () => undefined : print);
  if (args.json) console.log(JSON.stringify(tables, null, 2));
  if (tables.some(({ claims }) => claims.some(({ holds }) => !holds))) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`sim: ${error.message} (--help lists the options)`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
