import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// `BREAKWATER_BUILT=1 pnpm test` runs the same tests against what `pnpm build` wrote, as a user's program would load it.
const built = process.env.BREAKWATER_BUILT === "1";

// Apps bundle the source of the packages, so their tests say nothing about what was built.
const projects = (built ? ["packages"] : ["packages", "apps"]).flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => existsSync(new URL(`${folder}/${name}/test`, import.meta.url)))
    .map((name) => ({ name, root: `${folder}/${name}` })),
);

export default defineConfig({
  // resolve.conditions alone does nothing in Node
  ssr: { resolve: built ? {} : { conditions: ["@breakwater/source"] } },
  test: {
    // A process for each of 200 files takes longer than their tests. Without, a test that leaves something behind is found out by the next.
    isolate: false,
    maxWorkers: 2, // one less than there are processors is one on a small machine, and many tests wait for a real server or process
    testTimeout: 20_000, // a machine that is busy with something else is not a test that fails
    hookTimeout: 30_000,
    setupFiles: [fileURLToPath(new URL("test/setup.ts", import.meta.url))],
    projects: [{ name: "readme", root: "." }, ...projects].map(({ name, root }) => ({
      extends: true as const,
      root,
      test: { name, include: ["test/**/*.test.ts"] },
    })),
    coverage: { provider: "v8", include: ["packages/*/src/**"] },
  },
});
