import type { Contribution, ContributionSource } from "@breakwater/health";
import { plain, plainObject, type PlainObject } from "./plain.ts";

/** Anything of the family: a breaker, a pool, a limiter, a cache. It is read, never kept a copy of. */
export interface Pattern {
  readonly stats: object;
  /** What it says of itself. It counts for the service's health as optional, unless `health.contributions` has its name. */
  readonly health?: Contribution | undefined;
}

/** Patterns by the names under which they stand in the view. */
export type Patterns = Readonly<Record<string, Pattern>>;

/** What the view shows of a pattern. */
export interface PatternView {
  readonly stats: PlainObject;
  readonly health?: PlainObject;
}

/** @throws TypeError naming what is no pattern. */
export function checkPatterns(patterns: Patterns): readonly (readonly [string, Pattern])[] {
  const isObject: boolean = typeof patterns === "object" && (patterns as unknown) !== null;
  if (!isObject) throw new TypeError(`patterns must be an object, got ${typeof patterns}`);
  const entries = Object.entries(patterns);
  for (const [name, pattern] of entries) {
    const given: unknown = pattern;
    const has = (typeof given === "object" || typeof given === "function") && given !== null && "stats" in given;
    if (!has) throw new TypeError(`patterns.${name} must have stats, got ${typeof given}`);
  }
  return entries;
}

/** Those of them that say how they are. */
export function contributionsOf(patterns: readonly (readonly [string, Pattern])[]): Readonly<Record<string, ContributionSource>> {
  const speaking = patterns.filter(([, pattern]) => "health" in pattern);
  return Object.fromEntries(speaking.map(([name, pattern]) => [name, () => healthOf(name, pattern)]));
}

function healthOf(name: string, { health }: Pattern): Contribution {
  if (health === undefined) throw new TypeError(`pattern ${name} says nothing of its health`);
  return health;
}

/** What each shows now. One that cannot be read says why in its place. */
export function viewsOf(patterns: readonly (readonly [string, Pattern])[]): Readonly<Record<string, PatternView>> {
  return Object.fromEntries(patterns.map(([name, pattern]) => [name, viewOf(pattern)]));
}

function viewOf(pattern: Pattern): PatternView {
  try {
    const stats = plainObject(pattern.stats);
    return "health" in pattern ? { stats, health: plainObject(pattern.health) } : { stats };
  } catch (error) {
    return { stats: { error: plain(error) } };
  }
}
