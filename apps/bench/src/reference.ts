import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import type { Row } from "./candidate.ts";

/** What an outside program said of itself. */
export interface Figure {
  readonly concurrency: number;
  readonly microsecondsPerRequest: number;
}

/** The program could not be run, or did not print what it should. */
export class ReferenceError extends Error {
  override readonly name = "ReferenceError";
}

/** Reads lines such as `concurrency 100: 175000 req/s, 5.70 us/request`. */
export function parseFigures(output: string): Figure[] {
  const line = /^concurrency (\d+): [\d.]+ req\/s, ([\d.]+) us\/request$/gm;
  return [...output.matchAll(line)].map(([, concurrency, microseconds]) => ({
    concurrency: Number(concurrency),
    microsecondsPerRequest: Number(microseconds),
  }));
}

/** Runs `python3 FILE` and gives its figures as rows beside those of the service group, against the same floors. */
export async function referenceRows(file: string, rows: readonly Row[]): Promise<Row[]> {
  const figures = parseFigures(await runPython(file));
  if (figures.length === 0) throw new ReferenceError(`${file} printed no line "concurrency N: R req/s, M us/request"`);
  return figures.flatMap(({ concurrency, microsecondsPerRequest }) => {
    const name = caseName(concurrency);
    const floor = rows.find((row) => row.group === "service" && row.case === name && row.kind === "floor");
    if (floor === undefined) return [];
    const nsPerOp = microsecondsPerRequest * 1000;
    const vsFloor = nsPerOp / floor.nsPerOp;
    return [{ group: "service", case: name, name: basename(file), kind: "rival", version: "", nsPerOp, vsFloor }];
  });
}

export const caseName = (concurrency: number): string => `a request, ${concurrency} at a time`;

async function runPython(file: string): Promise<string> {
  try {
    return (await promisify(execFile)("python3", [file])).stdout;
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    const why = code === "ENOENT" ? "python3 is not installed" : (stderr.trim().split("\n").at(-1) ?? String(error));
    throw new ReferenceError(`python3 ${file}: ${why}`);
  }
}
