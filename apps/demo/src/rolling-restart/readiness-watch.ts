import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceProcess } from "../network/service-process.ts";

const everyMs = 50;

/** Asks each process again and again whether it is to get traffic, as whatever stands in front of a fleet does, and tells when that changes. */
export class ReadinessWatch {
  readonly #processes: readonly ServiceProcess[];
  readonly #changed: (ready: readonly ServiceProcess[]) => void;
  readonly #over = new AbortController();
  #ready: readonly ServiceProcess[] = [];
  #loop: Promise<void> | undefined;

  constructor(processes: readonly ServiceProcess[], changed: (ready: readonly ServiceProcess[]) => void) {
    this.#processes = processes;
    this.#changed = changed;
  }

  get ready(): readonly ServiceProcess[] {
    return this.#ready;
  }

  start(): void {
    this.#loop = this.#watch().catch(() => undefined); // aborted by stop
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  /** Resolves when this one is ready, or is not any more. */
  async until(process: ServiceProcess, isReady: boolean): Promise<void> {
    while (this.#ready.includes(process) !== isReady) await sleep(everyMs / 2, undefined, { signal: this.#over.signal });
  }

  async #watch(): Promise<void> {
    for (;;) {
      // Who does not answer is not ready.
      const answers = await Promise.all(this.#processes.map((process) => process.isReady().catch(() => false)));
      const ready = this.#processes.filter((_, index) => answers[index]);
      const isChanged = ready.length !== this.#ready.length || ready.some((process, index) => process !== this.#ready[index]);
      this.#ready = ready;
      if (isChanged) this.#changed(ready);
      await sleep(everyMs, undefined, { signal: this.#over.signal });
    }
  }
}
