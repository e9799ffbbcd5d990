// Writes every ```ts block of the READMEs and guides to a file of its own beside the package it explains, so that the
// compiler checks it and test/readme.test.ts runs it: an example that does not run is a bug.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Examples live where what they import can be had: the root README composes a service, guides everything, and sim simulates limiters. */
const sources = [
  { readme: "README.md", home: "packages/service", prefix: "root-" },
  ...readdirSync(join(root, "docs/guides")).map((name) => ({
    readme: `docs/guides/${name}`,
    home: "apps/demo",
    prefix: `guide-${name.replace(/\.md$/, "")}-`,
  })),
  ...readdirSync(join(root, "packages")).map((name) => ({
    readme: `packages/${name}/README.md`,
    home: name === "sim" ? "apps/experiments" : `packages/${name}`,
    prefix: "",
  })),
];

/** @returns {{ readme: string; line: number; file: string; code: string }[]} */
export function writeExamples() {
  for (const { home } of sources) rmSync(join(root, home, ".readme"), { recursive: true, force: true });
  return sources.filter(({ readme }) => existsSync(join(root, readme))).flatMap(writeExamplesOf);
}

function writeExamplesOf({ readme, home, prefix }) {
  const text = readFileSync(join(root, readme), "utf8");
  mkdirSync(join(root, home, ".readme"), { recursive: true });
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match, index) => {
    const line = text.slice(0, match.index).split("\n").length + 1;
    const file = join(root, home, ".readme", `${prefix}${index + 1}.ts`);
    const code = match[1] ?? "";
    writeFileSync(file, `// ${readme}:${line}\n${code}`);
    return { readme, line, file, code };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeExamples();
