import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

type Exports = Readonly<Record<string, string | { readonly "@breakwater/source"?: string }>>;

// One config for every library: its entries are the sources that its package.json exports, and nothing else.
const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly exports: Exports }; // ours, in each package's folder

export default defineConfig({
  entry: Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : (target["@breakwater/source"] ?? []))),
  format: ["esm", "cjs"],
  dts: true,
  sourcemap: true,
  clean: true,
  target: "node20",
  platform: "node",
  removeNodeProtocol: false, // keep "node:timers" as written
});
