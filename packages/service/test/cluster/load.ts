import { Agent, get } from "node:http";

/** What came of requests that were sent one after the other on some connections, until somebody said stop. */
export interface LoadReport {
  readonly answered: number;
  /** Why the others were not, by what they got instead. */
  readonly failures: Readonly<Record<string, number>>;
  /** How many answers each worker gave, by its process id. */
  readonly byWorker: Readonly<Record<string, number>>;
}

/** The body and status of one answer. */
export function ask(port: number, path = "/", agent?: Agent): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, path, host: "127.0.0.1", ...(agent !== undefined && { agent }) }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    request.on("error", reject);
    // One that nobody ever answers must show as a failure, and not as a test that hangs.
    request.setTimeout(10_000, () => request.destroy(new Error("no answer within 10 s")));
  });
}

/** Keeps so many connections busy, without a pause and without a retry. */
export class Load {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #workers: Promise<void>[];
  readonly #byWorker = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #answered = 0;
  #isOver = false;

  constructor(port: number, connections: number, keepAlive: boolean) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive, maxSockets: connections });
    this.#workers = Array.from({ length: connections }, () => this.#work());
  }

  get answered(): number {
    return this.#answered;
  }

  async stop(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#workers);
    this.#agent.destroy();
    return { answered: this.#answered, failures: Object.fromEntries(this.#failures), byWorker: Object.fromEntries(this.#byWorker) };
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      try {
        const { status, body } = await ask(this.#port, "/", this.#agent);
        if (status !== 200) throw new Error(`status ${status}`);
        this.#answered += 1;
        count(this.#byWorker, body);
      } catch (error) {
        count(this.#failures, String(error));
      }
    }
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
