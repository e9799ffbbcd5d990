import type { BreakerState, Guarded, ServiceMessage } from "../network/messages.ts";

/** One thing that a breaker did. */
export interface WatchedStep {
  readonly process: string;
  readonly to: BreakerState;
  readonly at: number;
}

/** Knows what the breakers of all processes do, as they tell. All are closed to begin with. */
export class BreakerWatch {
  readonly #steps: Record<Guarded, WatchedStep[]> = { "external-api": [], postgres: [], redis: [] };
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  hear(message: ServiceMessage, process: string): void {
    if (message.type === "breaker") this.#steps[message.name].push({ process, to: message.to, at: this.#now() });
  }

  /** What it did from this moment on. */
  since(name: Guarded, from: number): readonly WatchedStep[] {
    return this.#steps[name].filter(({ at }) => at >= from);
  }

  /** Whether the latest that each process has told is that it is closed. */
  isClosed(name: Guarded): boolean {
    const latest = new Map(this.#steps[name].map(({ process, to }) => [process, to]));
    return [...latest.values()].every((to) => to === "closed");
  }
}
