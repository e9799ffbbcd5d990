import { Emitter, warn } from "@breakwater/core";
import type { HedgeEvents, HedgeReason } from "./events.ts";
import { count, hedgeMeasuresOf, type HedgeMeasures } from "./measures.ts";
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

  constructor(settings: HedgeSettings, delayMs: () => number | undefined) {
    this.#settings = settings;
    this.#measures = hedgeMeasuresOf(settings.meter, settings.name, delayMs);
  }

  called(): void {
    this.calls += 1;
    if (this.#measures !== undefined) count(this.#measures.calls);
    try {
      this.#settings.budget?.deposit();
    } catch (error) {
      warn(error);
    }
  }

  /** Whether the budget pays for one more try. */
  pays(attempt: number, reason: HedgeReason): boolean {
    if (this.#withdraws()) {
      this.hedges += 1;
      count(this.#measures?.hedges[reason]);
      if (this.events.has("hedged")) this.events.emit("hedged", { attempt, reason });
      return true;
    }
    this.denials += 1;
    count(this.#measures?.denials);
    if (this.events.has("denied")) this.events.emit("denied", { attempt, reason });
    return false;
  }

  won(attempt: number, hedges: number): void {
    if (attempt > 1) {
      this.hedgeWins += 1;
      count(this.#measures?.hedgeWins);
    }
    if (hedges > 0 && this.events.has("won")) this.events.emit("won", { attempt, hedges });
  }

  failed(attempt: number, error: unknown, isLate: boolean): void {
    if (this.events.has("failed")) this.events.emit("failed", { attempt, error, isLate });
  }

  /** A result that nobody waits for. */
  dispose(attempt: number, result: unknown): void {
    this.disposals += 1;
    count(this.#measures?.disposals);
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

  #withdraws(): boolean {
    try {
      return this.#settings.budget?.tryWithdraw() ?? true;
    } catch (error) {
      warn(error);
      return false; // whatever it counted is not known
    }
  }
}
