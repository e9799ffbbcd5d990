import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** A folder with what a program of its own imports: `./breakwater.mjs`, which is this package, its cluster, and the metrics. */
export class Programs {
  readonly #folder = mkdtempSync(join(tmpdir(), "breakwater-service-"));
  readonly #running = new Set<ChildProcess>();

  async prepare(): Promise<void> {
    const names = ["service", "service/cluster", "metrics", "metrics/cluster", "limiter"];
    await build({
      stdin: { contents: names.map((name) => `export * from "@breakwater/${name}";`).join("\n"), resolveDir: here },
      outfile: join(this.#folder, "breakwater.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      conditions: process.env.BREAKWATER_BUILT === "1" ? [] : ["@breakwater/source"],
    });
  }

  /** Writes a program, whose imports of our packages are turned to the bundle, and answers with its path. */
  write(name: string, program: string): string {
    const file = join(this.#folder, `${name}.mjs`);
    writeFileSync(file, program.replace(/"@breakwater\/[\w/]+"/g, '"./breakwater.mjs"'));
    return file;
  }

  /** Runs it, with a channel on which it tells what it has to say. */
  run(file: string, args: readonly string[] = []): Program {
    const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#running.add(child);
    child.on("exit", () => this.#running.delete(child));
    return new Program(child);
  }

  /** Ends what still runs, by its id, and removes the folder. */
  remove(): void {
    for (const child of this.#running) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }
}

/** A program that runs: what it said, and how it ended. */
export class Program {
  readonly child: ChildProcess;
  readonly exited: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  output = "";
  readonly #said: Record<string, unknown>[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>; // Node's arguments of it
    child.on("message", (message) => this.#said.push(message as Record<string, unknown>)); // our programs say nothing else
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (this.output += data.toString()));
  }

  /** What it says under this name, said already or yet to come; each time it is said once. */
  async says(name: string): Promise<unknown> {
    for (;;) {
      const found = this.#said.findIndex((message) => Object.hasOwn(message, name));
      if (found >= 0) return this.#said.splice(found, 1)[0]?.[name];
      await Promise.race([once(this.child, "message"), this.#gone()]);
    }
  }

  async #gone(): Promise<never> {
    const [code, signal] = await this.exited;
    throw new Error(`it ended with ${code ?? signal}: ${this.output}`);
  }

  tell(message: object): void {
    this.child.send(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** The n-th block of this language in the README. */
export function readmeBlock(language: string, index: number): string {
  const text = readFileSync(join(here, "../../README.md"), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, found]) => found === language);
  const [, , code] = blocks[index] ?? [];
  if (code === undefined) throw new Error(`the README has ${blocks.length} blocks of ${language}`);
  return code;
}
