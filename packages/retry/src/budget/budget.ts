import { checkFunction, warn, type Clock } from "@breakwater/core";
import { RetryBudget } from "./retry-budget.ts";

/** What pays for retries and hedges: a {@link RetryBudget}, of whichever copy of this module, or something like it. */
export type Budget = Pick<RetryBudget, "deposit" | "tryWithdraw">;

/** @throws TypeError naming the method that is missing. */
export function budgetOf(given: Budget | false | undefined, clock: Clock): Budget | undefined {
  if (given === undefined) return new RetryBudget({ clock });
  if (given === false) return undefined;
  for (const method of ["deposit", "tryWithdraw"] as const) {
    checkFunction(`budget.${method}`, (given as Partial<Budget> | null)?.[method]); // JavaScript callers may pass anything
  }
  return given;
}

/** A call begins. A broken budget fails no call: what it throws becomes a warning. */
export function deposit(budget: Budget): void {
  try {
    budget.deposit();
  } catch (error) {
    warn(error);
  }
}

/** Whether it pays for one more. A broken one pays nothing: whatever it counted is not known. */
export function withdraw(budget: Budget): boolean {
  try {
    const answer: unknown = budget.tryWithdraw();
    if (typeof answer === "boolean") return answer;
    // An async one answers a promise, which is true to whoever does not look.
    warn(new TypeError(`budget.tryWithdraw must answer true or false, got ${typeof answer}`));
  } catch (error) {
    warn(error);
  }
  return false;
}
