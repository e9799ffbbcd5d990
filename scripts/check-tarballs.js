// Packs every library as it would be published, installs the tarballs into an empty folder as a user would, and uses
// each from an ES module, from CommonJS and from TypeScript that checks the declarations too (skipLibCheck: false). What
// subpaths alone need, optional peers, comes in after the packages themselves have done without.
// Prints one line per check; exit status 1 when one failed. Wants `pnpm build` first.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");
const folder = mkdtempSync(join(tmpdir(), "breakwater-tarballs-"));
const names = readdirSync(join(root, "packages"));
const manifests = new Map(names.map((name) => [name, JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))]));
const entries = names.flatMap((name) =>
  Object.keys(manifests.get(name).exports)
    .filter((path) => path !== "./package.json")
    .map((path) => `@breakwater/${name}${path.slice(1)}`),
);
// A pnpm that started this script leaves settings that npm warns about.
const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm|pnpm)_/i.test(key)));
let failed = 0;

function check(name, work) {
  try {
    work();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stdout ?? ""}${error.stderr ?? error.message}`);
  }
}

function run(command, args) {
  return execFileSync(command, args, { cwd: folder, env, encoding: "utf8", stdio: "pipe" });
}

function write(name, content) {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
}

function install() {
  mkdirSync(join(folder, "tarballs"));
  for (const name of names) {
    const cwd = join(root, "packages", name);
    execFileSync("pnpm", ["pack", "--pack-destination", join(folder, "tarballs")], { cwd, stdio: "pipe" });
  }
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/@types/node/package.json"), "utf8"));
  const tarballs = readdirSync(join(folder, "tarballs"));
  const dependencies = Object.fromEntries(
    names.map((name) => [
      `@breakwater/${name}`,
      `file:tarballs/${tarballs.find((file) => file.startsWith(`breakwater-${name}-`))}`,
    ]),
  );
  write("package.json", { private: true, dependencies: { ...dependencies, "@types/node": version } });
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Each optional peer as the workspace has it. */
function installPeers() {
  const peers = names.flatMap((name) =>
    Object.keys(manifests.get(name).peerDependencies ?? {}).map((peer) => {
      const { version } = JSON.parse(readFileSync(join(root, "packages", name, "node_modules", peer, "package.json"), "utf8"));
      return `${peer}@${version}`;
    }),
  );
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...new Set(peers)]);
}

function checkUse(some) {
  for (const entry of some) {
    const used = `if (Object.keys(used).length === 0) throw new Error("it exports nothing");`;
    write("use.mjs", `import * as used from "${entry}";\n${used}\n`);
    write("use.cjs", `const used = require("${entry}");\n${used}\n`);
    check(`${entry} from ESM`, () => run(process.execPath, ["use.mjs"]));
    check(`${entry} from CommonJS`, () => run(process.execPath, ["use.cjs"]));
  }
}

function checkDeclarations(some) {
  const imports = some.map((entry, index) => `import * as entry${index} from "${entry}";`).join("\n");
  const used = `${imports}\nexport const all = [${some.map((_, index) => `entry${index}`).join(", ")}];\n`;
  write("use.mts", used);
  write("use.cts", used);
  const lib = ["ES2023", "ESNext.Disposable"];
  const compilerOptions = { module: "NodeNext", target: "ES2022", lib, strict: true, skipLibCheck: false, noEmit: true };
  write("tsconfig.json", { compilerOptions, files: ["use.mts", "use.cts"] });
  check(`declarations of ${some.length} entries under tsc with skipLibCheck: false`, () => run(process.execPath, [tsc]));
}

try {
  const isPackage = (entry) => entry.split("/").length === 2;
  const packages = entries.filter(isPackage);
  check("pack and install", install);
  checkUse(packages);
  checkDeclarations(packages);
  check("install what subpaths need", installPeers);
  checkUse(entries.filter((entry) => !isPackage(entry)));
  checkDeclarations(entries);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;
