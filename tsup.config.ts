import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

// One config for every library; a package adds an entry by adding src/testing.ts, nothing else.
export default defineConfig({
  entry: ["src/index.ts", ...(existsSync("src/testing.ts") ? ["src/testing.ts"] : [])],
  format: ["esm", "cjs"],
  dts: true,
  sourcemap: true,
  clean: true,
  target: "node20",
  platform: "node",
  removeNodeProtocol: false, // keep "node:timers" as written
});
