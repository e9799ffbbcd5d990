import { checkFunction, systemClock, warn, type Clock } from "@breakwater/core";
import { checkStopOptions, type CheckedStopOptions, type StopOptions } from "./stop-options.ts";

/**
 * Something with a life: an `HttpServer`, an admin server, the host that `createService` makes. Its own lame duck is left out,
 * since all parts have one together.
 */
export interface Part {
  readonly name: string;
  start?(): PromiseLike<unknown> | undefined;
  /** Should resolve within `graceMs` and `abortMs`. What it resolves with stands in the report; `isDrained: false` in it counts as forced. */
  stop(options: { readonly graceMs: number; readonly abortMs: number }): PromiseLike<unknown>;
  /** Told first of all, so that no more traffic comes. */
  readonly health?: { drain(): void } | undefined;
  /** Cuts off what is left, at once. For a second signal. */
  force?(): void;
}

export interface PartReport {
  readonly name: string;
  /** `forced`: work was cut off. `failed`: its stop threw. `hanging`: its stop did not come back, and was left behind. */
  readonly outcome: "drained" | "forced" | "failed" | "hanging";
  readonly durationMs: number;
  /** What its stop resolved with. */
  readonly report?: unknown;
  readonly error?: unknown;
}

export interface DrainReport {
  /** Whether every part drained by itself. */
  readonly isDrained: boolean;
  readonly lameDuckMs: number;
  readonly durationMs: number;
  /** In the order in which they stopped. */
  readonly parts: readonly PartReport[];
}

export interface DrainOptions extends StopOptions {
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

// A stop that keeps its word comes back by then; one that does not must not hold up the others.
const slackMs = 500;

/**
 * Stops several parts that were started in this order: all say at once that they are not ready, serve on for `lameDuckMs`, and are
 * then stopped one after the other, the last started first. The grace is one for all: what one takes the next has not.
 *
 * Never rejects: what went wrong stands in the report.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function drain(parts: readonly Part[], options: DrainOptions = {}): Promise<DrainReport> {
  const { clock = systemClock } = options;
  checkParts(parts);
  return drainAll(parts.toReversed(), checkStopOptions(options), clock);
}

/** @throws TypeError naming the part that is none. */
export function checkParts(parts: readonly Part[]): void {
  const given: unknown = parts; // what JavaScript may pass
  if (!Array.isArray(given)) throw new TypeError(`parts must be an array, got ${typeof given}`);
  const each = given as readonly ({ readonly stop?: unknown } | null | undefined)[];
  for (const [index, part] of each.entries()) checkFunction(`parts[${index}].stop`, part?.stop);
}

async function drainAll(parts: readonly Part[], options: CheckedStopOptions, clock: Clock): Promise<DrainReport> {
  const startedAt = clock.now();
  for (const part of parts) sayNotReady(part);
  if (options.lameDuckMs > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, options.lameDuckMs));
  const stoppingAt = clock.now();
  const reports: PartReport[] = [];
  for (const part of parts) {
    const graceMs = Math.max(0, options.graceMs - (clock.now() - stoppingAt));
    reports.push(await stopPart(part, graceMs, options.abortMs, clock));
  }
  const isDrained = reports.every(({ outcome }) => outcome === "drained");
  return { isDrained, lameDuckMs: stoppingAt - startedAt, durationMs: clock.now() - startedAt, parts: reports };
}

function sayNotReady({ health }: Part): void {
  try {
    health?.drain();
  } catch (error) {
    warn(error);
  }
}

const late = Symbol("late");

async function stopPart(part: Part, graceMs: number, abortMs: number, clock: Clock): Promise<PartReport> {
  const startedAt = clock.now();
  const done = (rest: Pick<PartReport, "outcome" | "report" | "error">): PartReport => ({ name: part.name, durationMs: clock.now() - startedAt, ...rest });
  try {
    const report = await within(Promise.resolve(part.stop({ graceMs, abortMs })), graceMs + abortMs + slackMs, clock);
    if (report === late) return done({ outcome: "hanging" });
    return done({ outcome: isForced(report) ? "forced" : "drained", report });
  } catch (error) {
    return done({ outcome: "failed", error });
  }
}

function within(promise: Promise<unknown>, ms: number, clock: Clock): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(late), ms);
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

function isForced(report: unknown): boolean {
  return typeof report === "object" && report !== null && "isDrained" in report && report.isDrained === false;
}
