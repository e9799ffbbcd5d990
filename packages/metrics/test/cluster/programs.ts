import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A folder with what a program of its own imports: `./metrics.mjs`, which is this package with its cluster. */
export class Programs {
  readonly #folder = mkdtempSync(join(tmpdir(), "breakwater-cluster-"));

  async prepare(): Promise<void> {
    await build({
      stdin: {
        contents: 'export * from "@breakwater/metrics"; export * from "@breakwater/metrics/cluster";',
        resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      },
      outfile: join(this.#folder, "metrics.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      conditions: process.env.BREAKWATER_BUILT === "1" ? [] : ["@breakwater/source"],
    });
  }

  /** Writes a program and answers with its path. */
  write(name: string, program: string): string {
    const file = join(this.#folder, `${name}.mjs`);
    writeFileSync(file, program);
    return file;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
