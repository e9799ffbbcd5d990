import { checkFunction, checkNumber } from "@breakwater/core";

export interface LevelsOptions {
  /** How many priorities there are, 0 the most important. A whole number from 1. */
  readonly priorities: number;
  /** Into how many levels the users of one priority are divided. Default 128. */
  readonly usersPerPriority?: number | undefined;
  /** After how long it is other users who are first, in ms. Default an hour. */
  readonly rotateMs?: number | undefined;
  /** The time of day that all processes share, in ms. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

/** Turns a priority and a user into a level for the cursor. */
export interface Levels {
  readonly count: number;
  readonly levelOf: (priority: number, user: string) => number;
}

const longestPriority = Number.MAX_SAFE_INTEGER;

/**
 * Divides each priority by user, so that a cursor can give up a part of it, and the same part everywhere.
 *
 * All calls that serve one user's request get the same verdict in all services, by a hash of the user: if each call were
 * judged on its own, a request of four calls would be finished half as often as one of two. Every hour the hash changes, so
 * that it is not always the same users who are shed first.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function levels(options: LevelsOptions): Levels {
  const { usersPerPriority = 128, rotateMs = 3_600_000, wallClock = Date.now } = options;
  const priorities = checkNumber("priorities", options.priorities, { min: 1, max: 2 ** 12, integer: true });
  checkNumber("usersPerPriority", usersPerPriority, { min: 1, max: 2 ** 8, integer: true });
  checkNumber("rotateMs", rotateMs, { min: 1 });
  checkFunction("wallClock", wallClock);
  return {
    count: priorities * usersPerPriority,
    levelOf: (priority, user) => {
      const whole = Math.floor(checkNumber("priority", priority, { max: longestPriority }));
      const business = Math.min(whole, priorities - 1);
      return business * usersPerPriority + (hash(user, Math.floor(wallClock() / rotateMs)) % usersPerPriority);
    },
  };
}

// FNV-1a, with a last mix: the low bits of near texts are far apart.
function hash(text: string, salt: number): number {
  let bits = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i += 1) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  return (bits ^ (bits >>> 13)) >>> 0;
}
