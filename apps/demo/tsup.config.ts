import { defineConfig } from "tsup";

// Bundles the workspace packages from their source, so that running needs no build of them first.
export default defineConfig({
  entry: {
    main: `${import.meta.dirname}/src/main.ts`,
    "hostile-server": `${import.meta.dirname}/src/hostile/server.ts`,
    "hostile-attacker": `${import.meta.dirname}/src/hostile/attacker.ts`,
    service: `${import.meta.dirname}/src/network/service.ts`,
    upstream: `${import.meta.dirname}/src/upstream.ts`,
  },
  outDir: `${import.meta.dirname}/dist`,
  format: ["esm"],
  sourcemap: true,
  clean: true,
  target: "node20",
  platform: "node",
  removeNodeProtocol: false,
  skipNodeModulesBundle: true,
  noExternal: [/^@breakwater\//, "lru-cache"], // what only a workspace package depends on cannot be found from here
  esbuildOptions: (options) => {
    options.conditions = ["@breakwater/source", "import", "node"];
  },
});
