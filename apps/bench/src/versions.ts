import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The installed version of a rival; of Node for what comes with it; empty for ours and the floor. */
export function versionOf(packageName: string | undefined): string {
  if (packageName === undefined) return "";
  if (packageName.startsWith("node:")) return process.versions.node;
  for (const folder of require.resolve.paths(packageName) ?? []) {
    try {
      const manifest = JSON.parse(readFileSync(`${folder}/${packageName}/package.json`, "utf8")) as { version: string };
      return manifest.version;
    } catch {
      // not in this folder; the next one up may have it
    }
  }
  throw new Error(`${packageName} is not installed`);
}
