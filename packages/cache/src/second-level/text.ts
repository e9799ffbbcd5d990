/**
 * What stands in the second level: a line about the value, then the value as it was serialised.
 *
 *     1 k3v9-7 60000 30000 12
 *     {"id":1}
 *
 * That is the format's version, the stamp of the write, how long the value was fresh from the write on, how long it is kept after that for
 * stale answers, and how long its load took, in ms.
 *
 * No time of day stands there, because clocks of two machines differ. What is left of the freshness follows from what the store, by its
 * own clock, says is left of the time to live: `remainingMs - afterMs`. And how old it is, from how much of the freshness is gone.
 */
export interface Letter {
  readonly stamp: string;
  readonly freshMs: number;
  readonly afterMs: number;
  readonly loadMs: number;
  readonly body: string;
}

/** After so long, 31 years, nothing ends: no store need count further. */
const endlessMs = 1e12;
/** A value is kept for stale answers for 30 days at most; what has no end would not tell how much of the freshness is left. */
const longestAfterMs = 30 * 86_400_000;

export function write({ stamp, freshMs, afterMs, loadMs, body }: Letter): { readonly text: string; readonly ttlMs: number } {
  const fresh = freshMs > endlessMs ? Number.POSITIVE_INFINITY : freshMs;
  const after = Math.min(afterMs, longestAfterMs);
  return { text: `1 ${stamp} ${fresh} ${after} ${loadMs}\n${body}`, ttlMs: fresh + after };
}

/** @throws Error if it is not of this format. */
export function read(text: string): Letter {
  const found = /^1 (\S+) (\S+) (\S+) (\S+)\n/.exec(text);
  if (found === null) throw new Error(`not written by this version of the cache: ${JSON.stringify(text.slice(0, 40))}`);
  const [head, stamp = "", fresh, after, load] = found;
  const [freshMs, afterMs, loadMs] = [Number(fresh), Number(after), Number(load)];
  if (!(freshMs >= 0 && afterMs >= 0 && loadMs >= 0)) throw new Error(`not times: ${head.trim()}`);
  return { stamp, freshMs, afterMs, loadMs, body: text.slice(head.length) };
}

/** How much of the freshness is left, below 0 if it is over. Undefined if the time to live is not the one that was written. */
export function freshLeft({ freshMs, afterMs }: Letter, remainingMs: number): number | undefined {
  if ((freshMs === Infinity) !== (remainingMs === Infinity) || !(remainingMs > 0)) return undefined;
  return freshMs === Infinity ? Infinity : Math.min(remainingMs - afterMs, freshMs);
}
