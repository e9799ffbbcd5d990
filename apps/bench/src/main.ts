import { helpFor, readArguments, UsageError, type Arguments } from "./arguments.ts";
import type { Row } from "./candidate.ts";
import { groups, weights } from "./groups/index.ts";
import { fullPlan, measure, quickPlan } from "./measure.ts";
import { ReferenceError, referenceRows } from "./reference.ts";
import { spikeRows, spikeTable, type SpikeRow } from "./spike.ts";
import { tableOf } from "./table.ts";
import { weigh, weightsOf, type WeightRow } from "./weigh.ts";

const now = (): number => performance.now();
const isColoured = process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "";

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function rowsOf(args: Arguments, print: (rows: readonly Row[]) => void): Promise<Row[]> {
  const all: Row[] = [];
  for (const group of args.groups) {
    const cases = groups[group] ?? [];
    const measured: Row[] = [];
    for (const each of cases) {
      progress(`${group}: ${each.name}`);
      globalThis.gc?.(); // the next case starts without the last one's rubbish
      measured.push(...(await measure(each, args.quick ? quickPlan : fullPlan, now)));
    }
    if (group === "service" && args.reference !== undefined) {
      progress(`service: python3 ${args.reference}`);
      measured.push(...(await referenceRows(args.reference, measured)));
    }
    progress("");
    for (const { name } of cases) print(measured.filter((row) => row.case === name));
    all.push(...measured);
  }
  return all;
}

async function weightRows(print: (rows: readonly WeightRow[]) => void): Promise<WeightRow[]> {
  const rows: WeightRow[] = [];
  for (const weight of weights) {
    progress(`memory: ${weight.name}`);
    rows.push(await weigh(weight));
  }
  progress("");
  print(rows);
  return rows;
}

async function spikes(print: (rows: readonly SpikeRow[]) => void): Promise<SpikeRow[]> {
  progress("pool: spike");
  const rows = await spikeRows();
  progress("");
  print(rows);
  return rows;
}

async function main(): Promise<void> {
  const known = [...Object.keys(groups), "memory"];
  const args = readArguments(process.argv.slice(2), known);
  if (args === "help") {
    console.log(helpFor(known));
    return;
  }
  const show = (text: string): void => {
    if (!args.json) console.log(`\n${text}`);
  };
  const rows: (Row | SpikeRow | WeightRow)[] = await rowsOf(args, (some) => show(tableOf(some, isColoured)));
  if (args.groups.includes("pool")) rows.push(...(await spikes((some) => show(spikeTable(some)))));
  if (args.groups.includes("memory")) rows.push(...(await weightRows((some) => show(weightsOf(some)))));
  if (args.json) console.log(JSON.stringify(rows, null, 2));
}

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) console.error(`bench: ${error.message} (--help lists the options)`);
  else if (error instanceof ReferenceError) console.error(`bench: ${error.message}`);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// opossum keeps an interval per breaker and some pools a reaper: nothing of that is worth waiting for.
process.exit();
