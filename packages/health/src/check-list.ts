import type { Clock, Deadlines } from "@breakwater/core";
import type { CheckSettings } from "./check-options.ts";
import { DependencyCheck } from "./dependency-check.ts";
import { checkReportOf, type CheckReport } from "./report.ts";
import type { Verdict } from "./status.ts";

/** All checks of one object. */
export class CheckList {
  readonly all: readonly DependencyCheck[];

  /** `landed` is called after each result. */
  constructor(settings: readonly CheckSettings[], clock: Clock, deadlines: Deadlines, landed: () => void) {
    this.all = settings.map((each) => new DependencyCheck(each, clock, deadlines, landed));
  }

  /** Runs all at the same time, or joins those that are running. */
  async run(): Promise<void> {
    await Promise.all(this.all.map((check) => check.run()));
  }

  runDue(now: number): void {
    for (const check of this.all) if (check.dueAt <= now) void check.run();
  }

  abandon(): void {
    for (const check of this.all) check.abandon();
  }

  get running(): number {
    return this.all.filter((check) => check.isRunning).length;
  }

  /** When a poll has to ask next; Infinity when never. */
  get dueAt(): number {
    return Math.min(...this.all.map((check) => check.dueAt));
  }

  /** When the next result that is not stale now becomes so; Infinity when none does. */
  staleAfter(now: number): number {
    return Math.min(...this.all.map((check) => check.staleAt).filter((at) => at > now));
  }

  verdictsAt(now: number): readonly Verdict[] {
    return this.all.map((check) => check.verdictAt(now));
  }

  reportAt(now: number): Readonly<Record<string, CheckReport>> {
    return Object.fromEntries(this.all.map((check) => [check.settings.name, checkReportOf(check, now)]));
  }
}
