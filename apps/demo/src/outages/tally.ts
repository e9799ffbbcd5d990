import type { Fate } from "../network/fate.ts";
import type { OperationName } from "../network/operations.ts";

/** A request that is over. */
export interface Settled {
  readonly operation: OperationName;
  readonly fate: Fate;
  readonly tookMs: number;
}

/** Counts by a word. */
export type Counts = Readonly<Record<string, number>>;

/** What clients were told in one phase. */
export interface PhaseReport {
  readonly name: string;
  readonly durationMs: number;
  readonly answered: Readonly<Record<OperationName, number>>;
  /** By reason. */
  readonly refused: Readonly<Record<OperationName, Counts>>;
  readonly failed: Readonly<Record<OperationName, Counts>>;
  /** The longest that one of them waited; 0 when nobody was told anything. */
  readonly slowestMs: number;
}

/** Counts what becomes of requests, by the phase in which their clients hear of it. */
export class Tally {
  readonly phases: PhaseReport[] = [];
  /** When somebody last heard that it was not to be; -Infinity before. */
  troubledAt = -Infinity;
  readonly #now: () => number;
  #name = "";
  #openedAt = 0;
  #answered = { order: 0, product: 0 };
  #refused = { order: new Map<string, number>(), product: new Map<string, number>() };
  #failed = { order: new Map<string, number>(), product: new Map<string, number>() };
  #slowestMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Ends the phase before, if there is one, and begins this. */
  open(name: string): void {
    this.close();
    this.#name = name;
    this.#openedAt = this.#now();
    this.#answered = { order: 0, product: 0 };
    this.#refused = { order: new Map(), product: new Map() };
    this.#failed = { order: new Map(), product: new Map() };
    this.#slowestMs = 0;
  }

  close(): void {
    if (this.#name === "") return;
    this.phases.push(this.current);
    this.#name = "";
  }

  /** The phase that goes on, so far. */
  get current(): PhaseReport {
    const plain = ({ order, product }: Record<OperationName, Map<string, number>>): Record<OperationName, Counts> => {
      return { order: Object.fromEntries(order), product: Object.fromEntries(product) };
    };
    const durationMs = this.#now() - this.#openedAt;
    return { name: this.#name, durationMs, answered: { ...this.#answered }, refused: plain(this.#refused), failed: plain(this.#failed), slowestMs: this.#slowestMs };
  }

  note({ operation, fate, tookMs }: Settled): void {
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    if (fate.kind === "answered") {
      this.#answered[operation] += 1;
      return;
    }
    this.troubledAt = this.#now();
    const counts = (fate.kind === "refused" ? this.#refused : this.#failed)[operation];
    counts.set(fate.reason, (counts.get(fate.reason) ?? 0) + 1);
  }
}

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
