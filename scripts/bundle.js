// Programs of plain JavaScript, made of the packages' sources, so that nothing needs building first.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes `NAME.mjs` into the folder for each entry. */
export async function bundle(folder, entry) {
  const packages = readdirSync(join(root, "packages")).map((name) => [`@breakwater/${name}`, join(root, "packages", name, "src/index.ts")]);
  const subpaths = ["runtime", "dashboard"].map((name) => [`@breakwater/metrics/${name}`, join(root, `packages/metrics/src/${name}.ts`)]);
  await build({
    config: false,
    silent: true,
    entry,
    outDir: folder,
    outExtension: () => ({ js: ".mjs" }),
    format: ["esm"],
    target: "node20",
    platform: "node",
    noExternal: [/^@breakwater\//],
    esbuildOptions: (options) => {
      options.conditions = ["@breakwater/source", "import", "node"];
      options.alias = Object.fromEntries([...subpaths, ...packages]);
    },
  });
}
