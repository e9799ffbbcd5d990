import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
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

/** Weighs in a process of its own: what one candidate leaves behind, such as an interval for each breaker, is not taken for another's. */
export async function weigh({ name, kind, package: of, count = defaultCount }: Weight): Promise<WeightRow> {
  const child = fork(fileURLToPath(new URL("./weighed.js", import.meta.url)), [name], { execArgv: ["--expose-gc"] });
  const [bytesEach] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`weighing ${name} ended with ${code}`))),
  ])) as [number]; // as weighed.ts sends it
  return { group: "memory", name, kind, version: versionOf(of), count, bytesEach };
}

const defaultCount = 100_000;

/**
 * Makes many, and asks the collector before and after: what is left is theirs. A few are made and thrown away before, so that
 * compiled code and what modules keep for themselves is not counted.
 */
export async function bytesOfEach(weight: Weight): Promise<number> {
  const { name, count = defaultCount } = weight;
  await weight.make(1_000);
  const before = await bytesInUse();
  const kept = await weight.make(count);
  const bytesEach = ((await bytesInUse()) - before) / count;
  if (kept === undefined) throw new Error(`a candidate holds nothing: ${name}`); // and so kept is alive until here
  return bytesEach;
}

export function weightsOf(rows: readonly WeightRow[]): string {
  const width = Math.max(...rows.map(({ name, version }) => `${name} ${version}`.length));
  const lines = rows.map(({ name, kind, version, bytesEach }) => {
    const label = `${name} ${version}`.trim().padEnd(width);
    return `  ${kind === "ours" ? "*" : " "} ${label}  ${Math.round(bytesEach).toLocaleString("en-US").padStart(8)} B`;
  });
  return ["memory: one of many", ...lines].join("\n");
}

/** Collects until nothing more is found: the memory of array buffers is freed by a thread of its own, some time later. */
async function bytesInUse(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("weighing needs node --expose-gc");
  let least = Infinity;
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // what this turn holds is not theirs
    globalThis.gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const bytes = heapUsed + arrayBuffers;
    if (bytes < least - least / 10_000) rounds = 0;
    least = Math.min(least, bytes);
  }
  return least;
}
