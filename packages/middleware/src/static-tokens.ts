import type { Verify } from "./authentication.ts";

/**
 * Comparing in constant time, without a digest.
 *
 * `===` stops at the first difference, so a stranger who measures answers can guess a secret one character at a time.
 * Comparing digests would hide everything at once, but the platform-neutral digest is asynchronous: every request would
 * pay for promises and a thread. So all characters are compared, and the loop runs over what the stranger sent, whose
 * length the stranger knows. Where the secret is shorter it is read again from its start, so that the loop goes on at the
 * same pace; that the lengths differ was noted before.
 *
 * No JavaScript is constant-time to the last cycle: the compiler and the caches are not ours. What is promised is that no
 * branch and no number of steps depends on the secret.
 */

/**
 * Whether two texts are equal, in a time that depends on the length of the first only: not on where they differ, and not
 * on the length of the second. Give what a stranger sent first and the secret second.
 */
export function timingSafeEqual(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  // Of an empty secret every charCodeAt is NaN, which the bitwise operator takes as 0; the lengths differ then.
  for (let index = 0; index < given.length; index += 1) {
    difference |= given.charCodeAt(index) ^ secret.charCodeAt(index % secret.length);
  }
  return difference === 0;
}

/**
 * A verifier for a fixed set of tokens: an object, or a Map, from token to user. Every token is compared, in full, for
 * each request, so the time tells neither which token was close nor how close; it tells how many tokens there are. The
 * work is tokens times the length of what was sent: for hundreds, look up a digest in a `verify` of your own.
 *
 * The tokens are read once, here. Do not give a user that is `undefined`, `null` or `false`: it would be refused.
 *
 * @throws TypeError for an empty token, which anybody could send.
 */
export function staticTokens<User>(tokens: ReadonlyMap<string, User> | Readonly<Record<string, User>>): Verify<User> {
  // Of a list the tokens would be 0, 1, 2.
  const given = Array.isArray(tokens) ? "a list" : (tokens as unknown) === null ? "null" : typeof tokens; // what JavaScript may pass
  if (given !== "object") throw new TypeError(`tokens must be an object or a Map, got ${given}`);
  const entries = isMap(tokens) ? [...tokens] : Object.entries(tokens);
  if (entries.some(([token]) => token === "")) throw new TypeError("tokens must not hold an empty token");
  return (given) => {
    let found: User | undefined;
    for (const [token, user] of entries) if (timingSafeEqual(given, token)) found = user;
    return found;
  };
}

function isMap<User>(tokens: ReadonlyMap<string, User> | Readonly<Record<string, User>>): tokens is ReadonlyMap<string, User> {
  return tokens instanceof Map;
}
