import { checkNumber } from "@breakwater/core";
import type { BreakerMode } from "../events.ts";

/**
 * What a breaker hands on to another process, or to its successor, as JSON. Times are what is left of them, not instants: clocks
 * of two machines have nothing in common. Counts are left out: windows start empty, whatever their options. So is a ramp, the heir
 * of a closed breaker lets everybody in; and what only its control wanted, the heir has a control of its own.
 */
export interface BreakerSnapshot {
  readonly version: 1;
  /** Half-open is told as open with nothing left: probes do not survive. */
  readonly state: "closed" | "open";
  /** What is left of the break, in ms; null when it has no end; absent when closed. */
  readonly leftMs?: number | null | undefined;
  /** How often it opened without having been well in between. */
  readonly level: number;
  /** Held open by a handle of its own. `release()` of the breaker that takes this over ends it. */
  readonly isIsolated: boolean;
  /** Its own, whatever its control says. */
  readonly mode: BreakerMode;
}

/** @throws TypeError or RangeError naming what is wrong. */
export function checkSnapshot(snapshot: unknown): BreakerSnapshot {
  if (typeof snapshot !== "object" || snapshot === null) throw new TypeError(`snapshot must be an object, got ${String(snapshot)}`);
  const { version, state, leftMs, level, isIsolated, mode } = snapshot as Record<keyof BreakerSnapshot, unknown>; // checked below
  if (version !== 1) throw new RangeError(`snapshot.version must be 1, got ${String(version)}`);
  if (state !== "closed" && state !== "open") throw new RangeError(`snapshot.state must be "closed" or "open", got ${String(state)}`);
  if (mode !== "auto" && mode !== "observing" && mode !== "disabled") {
    throw new RangeError(`snapshot.mode must be "auto", "observing" or "disabled", got ${String(mode)}`);
  }
  if (typeof isIsolated !== "boolean") throw new TypeError(`snapshot.isIsolated must be a boolean, got ${String(isIsolated)}`);
  const max = Number.MAX_SAFE_INTEGER;
  const counted = checkNumber("snapshot.level", level, { min: state === "open" ? 1 : 0, max, integer: true });
  if (state === "closed") return { version, state, level: counted, isIsolated, mode };
  return { version, state, leftMs: leftMs === null ? null : checkNumber("snapshot.leftMs", leftMs), level: counted, isIsolated, mode };
}
