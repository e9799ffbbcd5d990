import type { Kind, Weight } from "./candidate.ts";
import { versionOf } from "./versions.ts";

/** What one of many costs in memory. */
export interface WeightRow {
  readonly group: "memory";
  readonly name: string;
  readonly kind: Kind;
  readonly version: string;
  readonly count: number;
  readonly bytesEach: number;
}

/**
 * Makes many, and asks the collector before and after: what is left is theirs. A few are made and thrown away before, so that
 * compiled code and what modules keep for themselves is not counted.
 */
export async function weigh(weight: Weight): Promise<WeightRow> {
  const { name, kind, package: of, count = 100_000 } = weight;
  await weight.make(1_000);
  const before = await bytesInUse();
  const kept = await weight.make(count);
  const bytesEach = ((await bytesInUse()) - before) / count;
  if (kept === undefined) throw new Error(`a candidate holds nothing: ${name}`); // and so kept is alive until here
  return { group: "memory", name, kind, version: versionOf(of), count, bytesEach };
}

export function weightsOf(rows: readonly WeightRow[]): string {
  const width = Math.max(...rows.map(({ name, version }) => `${name} ${version}`.length));
  const lines = rows.map(({ name, kind, version, bytesEach }) => {
    const label = `${name} ${version}`.trim().padEnd(width);
    return `  ${kind === "ours" ? "*" : " "} ${label}  ${Math.round(bytesEach).toLocaleString("en-US").padStart(8)} B`;
  });
  return ["memory: one of many", ...lines].join("\n");
}

async function bytesInUse(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("weighing needs node --expose-gc");
  await new Promise((resolve) => setImmediate(resolve)); // what this turn holds is not theirs
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
