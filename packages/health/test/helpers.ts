import type { Attributes, Meter } from "@breakwater/core";
import type { Health } from "@breakwater/health";

export function times(count: number, action: () => void): void {
  for (let i = 0; i < count; i += 1) action();
}

/** Records so many successes, then so many failures. */
export function feed(health: Health, successes: number, failures = 0): void {
  times(successes, () => health.record("success"));
  times(failures, () => health.record("failure"));
}

/** A promise with its ends outside. */
export interface Deferred {
  readonly promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export function deferred(): Deferred {
  let resolve!: (value: unknown) => void; // both are set by the executor, which runs at once
  let reject!: (error: unknown) => void;
  const promise = new Promise<unknown>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A check whose answers the test gives, one per run. */
export class FakeCheck {
  readonly runs: Deferred[] = [];
  readonly signals: AbortSignal[] = [];

  readonly check = (signal: AbortSignal): Promise<unknown> => {
    const run = deferred();
    this.runs.push(run);
    this.signals.push(signal);
    return run.promise;
  };

  /** The run of this number, from 0. */
  run(index: number): Deferred {
    const run = this.runs[index];
    if (run === undefined) throw new Error(`only ${this.runs.length} runs`);
    return run;
  }
}

/** Keeps counters as text and number, and the readers of gauges. */
export class FakeMeter implements Meter {
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly gauges: Map<string, () => number> = new Map<string, () => number>();

  counter(name: string, { attributes = {} }: { attributes?: Attributes | undefined } = {}): { add(amount: number): void } {
    const key = `${name} ${JSON.stringify(attributes)}`;
    return { add: (amount) => this.counts.set(key, (this.counts.get(key) ?? 0) + amount) };
  }

  histogram(): { record(): void } {
    return { record: () => undefined };
  }

  gauge(name: string, read: () => number, { attributes = {} }: { attributes?: Attributes | undefined } = {}): () => void {
    this.gauges.set(`${name} ${JSON.stringify(attributes)}`, read);
    return () => undefined;
  }
}
