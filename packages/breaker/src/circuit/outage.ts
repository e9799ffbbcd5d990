/** A time of not being well: breaks, and what was closed in between too shortly to count as well. */
export interface Outage {
  /** How often it opened without having been well in between. */
  level: number;
  /** When it last left the closed state, and came back to it. */
  openedAt: number;
  closedAt: number;
}

/** What is left of the level after so long closed. */
export function levelAt({ level, closedAt }: Outage, now: number, decayMs: number): number {
  // 0 takes all of it at once; Infinity nothing, ever.
  return decayMs === 0 ? 0 : Math.max(0, level - Math.floor((now - closedAt) / decayMs));
}
