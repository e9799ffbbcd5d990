import { checkFunction, checkNumber } from "@breakwater/core";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";
import { checkKey, checkLength, fits, isSecret, type JwtKey } from "./keys.ts";

/** What a token says of itself, which is true only once its signature has been checked. */
export interface JwtHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
  readonly [name: string]: unknown;
}

/** Finds the key for a token. Undefined if there is none: the token is not valid then. */
export type JwtKeyLookup = (header: JwtHeader) => JwtKey | undefined | PromiseLike<JwtKey | undefined>;

export interface JwtKeyOptions {
  /** The one key. For `HS256` and its like the bytes of a secret, of 32 or more; else a public key. Either this or `jwks`. */
  readonly key?: JwtKey | undefined;
  /** Public keys: where to fetch the set of an issuer, the set itself, or a function that finds the key. */
  readonly jwks?: URL | JSONWebKeySet | JwtKeyLookup | undefined;
  /** How long a fetch of the set may take, in ms. Default 5000. */
  readonly fetchTimeoutMs?: number | undefined;
  /** For how long a set is used before it is fetched anew, in ms. Default 600000. */
  readonly keysMaxAgeMs?: number | undefined;
  /** How long after a fetch a token with an unknown key is refused without another one, in ms. Default 30000. */
  readonly refetchAfterMs?: number | undefined;
  /** Fetches the set. Default: the platform's `fetch`. */
  readonly fetch?: FetchImplementation | undefined;
}

/** There is no key for this token, so it is not valid. */
export class UnknownKey extends Error {}

/** Several keys could be meant, as the token does not say which. */
export class SeveralKeys extends Error {
  readonly keys: AsyncIterable<JwtKey>;

  constructor(keys: AsyncIterable<JwtKey>) {
    super();
    this.keys = keys;
  }
}

/** The key could not be found out, for the reason that is the cause. That says nothing about the token. */
export class KeyFault extends Error {
  constructor(cause: unknown) {
    super("no key", { cause });
  }
}

/**
 * Where keys come from. It throws {@link UnknownKey}, {@link SeveralKeys} or {@link KeyFault}, so that an error of
 * looking for the key is not taken for one of the token.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function keySource(options: JwtKeyOptions, algorithms: readonly string[]): JWTVerifyGetKey {
  const { key, jwks } = options;
  if ((key === undefined) === (jwks === undefined)) throw new TypeError("either key or jwks must be given, and not both");
  if (key !== undefined) {
    const own = checkKey(key, algorithms);
    return () => own;
  }
  return guarded(typeof jwks === "function" ? found(jwks) : keySet(jwks, options, algorithms));
}

function found(lookup: JwtKeyLookup): JWTVerifyGetKey {
  return async (header) => {
    const key = (await lookup(header)) as JwtKey | string | null | undefined; // what JavaScript may answer
    if (key === undefined || key === null) throw new UnknownKey();
    if (typeof key !== "object") throw new TypeError(`jwks must answer a CryptoKey, KeyObject, JWK or Uint8Array, got ${typeof key}`);
    // The token has chosen both the key and the algorithm.
    if (!fits(key, header.alg)) throw new UnknownKey();
    checkLength(key, [header.alg]);
    return key;
  };
}

function keySet(jwks: unknown, options: JwtKeyOptions, algorithms: readonly string[]): JWTVerifyGetKey {
  if (algorithms.some(isSecret)) throw new TypeError(`jwks holds public keys, which are not for ${algorithms.join(", ")}`);
  if (jwks instanceof URL) return remote(jwks, options);
  if (typeof jwks !== "object" || jwks === null || !("keys" in jwks) || !Array.isArray(jwks.keys)) {
    throw new TypeError(`jwks must be a URL, a set of keys or a function, got ${jwks === null ? "null" : typeof jwks}`);
  }
  return createLocalJWKSet(jwks as JSONWebKeySet); // it checks the keys itself
}

// The platform's timers hold 31 bits.
const longestMs = 2 ** 31 - 1;

function remote(url: URL, options: JwtKeyOptions): JWTVerifyGetKey {
  const { fetchTimeoutMs = 5000, keysMaxAgeMs = 600_000, refetchAfterMs = 30_000, fetch } = options;
  if (fetch !== undefined) checkFunction("fetch", fetch);
  return createRemoteJWKSet(url, {
    timeoutDuration: Math.min(Math.ceil(checkNumber("fetchTimeoutMs", fetchTimeoutMs)), longestMs),
    cacheMaxAge: checkNumber("keysMaxAgeMs", keysMaxAgeMs),
    cooldownDuration: checkNumber("refetchAfterMs", refetchAfterMs),
    ...(fetch === undefined ? {} : { [customFetch]: fetch }),
  });
}

function guarded(source: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await source(header, token);
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof UnknownKey || code === "ERR_JWKS_NO_MATCHING_KEY") throw new UnknownKey();
      if (code === "ERR_JWKS_MULTIPLE_MATCHING_KEYS") throw new SeveralKeys(error as AsyncIterable<JwtKey>); // by its documentation
      throw new KeyFault(error);
    }
  };
}

/** By code, not class: two copies of jose may be in one program. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
