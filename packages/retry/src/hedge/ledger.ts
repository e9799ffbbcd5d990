import { Emitter, warn, increment } from "@breakwater/core";
import { deposit, withdraw } from "../budget/budget.ts";
import type { HedgeEvents, HedgeReason } from "./events.ts";
import { hedgeMeasuresOf, type HedgeMeasures } from "./measures.ts";
import type { HedgeSettings } from "./options.ts";

/** What happened, in numbers and events; and the user's functions, called so that nothing of theirs can fail a call. */
export class HedgeLedger {
  readonly events: Emitter<HedgeEvents> = new Emitter<HedgeEvents>();
  calls = 0;
  hedges = 0;
  hedgeWins = 0;
  denials = 0;
  disposals = 0;
  running = 0;
  readonly #settings: HedgeSettings;
  readonly #measures: HedgeMeasures | undefined;

  constructor(settings: HedgeSettings) {
    this.#settings = settings;
    this.#measures = hedgeMeasuresOf(settings.meter, settings.name, () => this.delayMs(settings.clock.now()));
  }

  /** How long a call that starts now waits for its hedge; undefined while that is not known. */
  delayMs(now: number): number | undefined {
    const { delayMs, measured } = this.#settings;
    try {
      return measured === undefined ? delayMs : measured.delayMs(now);
    } catch (error) {
      warn(error);
      return undefined;
    }
  }

  /** What a first try took. */
  measured(startedAt: number, now: number): void {
    try {
      this.#settings.measured?.record(now - startedAt, now);
    } catch (error) {
      warn(error);
    }
  }

  called(): void {
    this.calls += 1;
    if (this.#measures !== undefined) increment(this.#measures.calls);
    if (this.#settings.budget !== undefined) deposit(this.#settings.budget);
  }

  /** Whether the budget pays for one more try. */
  pays(attempt: number, reason: HedgeReason): boolean {
    const { budget } = this.#settings;
    if (budget === undefined || withdraw(budget)) {
      this.hedges += 1;
      increment(this.#measures?.hedges[reason]);
      if (this.events.has("hedged")) this.events.emit("hedged", { attempt, reason });
      return true;
    }
    this.denials += 1;
    increment(this.#measures?.denials);
    if (this.events.has("denied")) this.events.emit("denied", { attempt, reason });
    return false;
  }

  won(attempt: number, hedges: number): void {
    if (attempt > 1) {
      this.hedgeWins += 1;
      increment(this.#measures?.hedgeWins);
    }
    if (hedges > 0 && this.events.has("won")) this.events.emit("won", { attempt, hedges });
  }

  failed(attempt: number, error: unknown, isLate: boolean): void {
    if (this.events.has("failed")) this.events.emit("failed", { attempt, error, isLate });
  }

  /** A result that nobody waits for. */
  dispose(attempt: number, result: unknown): void {
    this.disposals += 1;
    increment(this.#measures?.disposals);
    const { dispose } = this.#settings;
    try {
      const disposed = dispose?.(result);
      // Resolved rather than asked for `catch`: it may be any thenable.
      if (typeof disposed === "object") Promise.resolve(disposed).catch(warn);
    } catch (error) {
      warn(error);
    }
    if (this.events.has("disposed")) this.events.emit("disposed", { attempt, result });
  }
}
