import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs promtool in a folder that has these files, and says how it ended. */
export function promtool(files: Readonly<Record<string, string>>, ...args: string[]): { status: number | null; output: string } {
  const cwd = mkdtempSync(join(tmpdir(), "breakwater-promtool-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const { status, stdout, stderr, error } = spawnSync("promtool", args, { cwd, encoding: "utf8" });
    if (error !== undefined) throw error;
    return { status, output: stdout + stderr };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
