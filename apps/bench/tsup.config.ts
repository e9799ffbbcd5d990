import { defineConfig } from "tsup";

// Bundles the workspace packages from their source, so that running needs no build of them first.
export default defineConfig({
  entry: {
    main: `${import.meta.dirname}/src/main.ts`,
    served: `${import.meta.dirname}/src/http/served.ts`,
    weighed: `${import.meta.dirname}/src/weighed.ts`,
  },
  outDir: `${import.meta.dirname}/dist`,
  format: ["esm"],
  sourcemap: true,
  clean: true,
  target: "node20",
  platform: "node",
  removeNodeProtocol: false,
  skipNodeModulesBundle: true,
  noExternal: [/^@breakwater\//],
  esbuildOptions: (options) => {
    options.conditions = ["@breakwater/source", "import", "node"];
  },
});
