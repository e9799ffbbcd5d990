import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** What `promtool check metrics` says of a text: nothing when it is well-formed and its names are good. */
export function promtoolComplaints(text: string): string {
  const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  const complaints = `${stdout}${stderr}`.trim();
  return status === 0 || complaints !== "" ? complaints : `promtool ended with ${status}`;
}

/** One vector element of an answer. */
export interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus of its own, with a directory and a port of its own, that scrapes one address twice a second. */
export class RealPrometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(url: string, directory: string, child: ChildProcess) {
    this.#url = url;
    this.#directory = directory;
    this.#process = child;
  }

  static async start(targetPort: number): Promise<RealPrometheus> {
    const directory = await mkdtemp(join(tmpdir(), "breakwater-prometheus-"));
    const port = await freePort();
    const config = `
global: { scrape_interval: 500ms }
scrape_configs:
  - job_name: breakwater
    static_configs: [{ targets: ["127.0.0.1:${targetPort}"] }]
`;
    await writeFile(join(directory, "prometheus.yml"), config);
    const child = spawn("prometheus", [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
      "--log.level=error",
    ], { stdio: "ignore" });
    return new RealPrometheus(`http://127.0.0.1:${port}/api/v1`, directory, child);
  }

  /** The elements that a query of PromQL answers with now; none while there is nothing, or Prometheus is not up yet. */
  async query(query: string): Promise<Answer[]> {
    try {
      const { result } = (await this.get("query", { query })) as { result: { metric: Record<string, string>; value: [number, string] }[] };
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    } catch {
      return [];
    }
  }

  /** The data of any other call of its HTTP interface. */
  async get(call: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${this.#url}/${call}?${new URLSearchParams(parameters).toString()}`);
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
    if (status !== "success") throw new Error(error);
    return data;
  }

  /** Asks until the query's first element satisfies. A real server has its own time, so this waits for real. */
  async until(query: string, isEnough: (value: number) => boolean): Promise<number> {
    const giveUpAt = performance.now() + 60_000;
    while (performance.now() < giveUpAt) {
      const [answer] = await this.query(query);
      if (answer !== undefined && isEnough(answer.value)) return answer.value;
      if (this.#process.exitCode !== null) throw new Error(`prometheus ended with ${this.#process.exitCode}`);
      await wait(100);
    }
    throw new Error(`no such answer to ${query}; targets: ${JSON.stringify(await this.get("targets"))}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGKILL");
      await ended;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port is free");
  return address.port;
}
