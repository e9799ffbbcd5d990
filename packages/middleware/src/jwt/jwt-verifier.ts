import { checkFunction, checkNumber } from "@breakwater/core";
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from "jose";
import type { Verify } from "../authentication.ts";
import { codeOf, KeyFault, keySource, SeveralKeys, UnknownKey, type JwtKeyOptions } from "./key-source.ts";
import { checkAlgorithms } from "./keys.ts";

export interface JwtVerifierOptions extends JwtKeyOptions {
  /** Which signatures count, e.g. `["RS256"]`. Either all with a secret or all with a public key; `none` is not one of them. */
  readonly algorithms: readonly string[];
  /** Who must have issued the token: its `iss` is this, or one of these. Default: anybody who has the key. */
  readonly issuer?: string | readonly string[] | undefined;
  /** For whom the token must be: its `aud` is or holds this, or one of these. Default: for anybody. */
  readonly audience?: string | readonly string[] | undefined;
  /** Claims that must be there besides those that other options ask for. Default `["exp"]`: a token that never ends is refused. */
  readonly requiredClaims?: readonly string[] | undefined;
  /** What the header's `typ` must be, e.g. `at+jwt`. Default: anything. */
  readonly type?: string | undefined;
  /** By how many seconds the issuer's clock may differ from ours, for `exp`, `nbf` and `iat`. Default 0. */
  readonly clockToleranceSeconds?: number | undefined;
  /** How many seconds ago the token may have been issued, by its `iat`. Default: as long ago as it says. */
  readonly maxAgeSeconds?: number | undefined;
  /** The time of day in ms since 1970, which is what tokens go by. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

/**
 * A verifier for `authentication`: answers what a JSON Web Token says, or `false` if the token is not valid, for whatever
 * reason: no token at all, wrong signature, issuer, audience or algorithm, too old, too early.
 *
 * Errors of finding the key, e.g. of fetching the set, pass through: they are no verdict on the token. The keys of a URL are
 * fetched with the first token, by one fetch however many tokens wait for it.
 *
 * Source: RFC 7519 by the library `jose`, and RFC 8725 for what is refused at construction. The type of what the token says
 * is taken on trust: whoever holds the key has signed it.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function jwtVerifier<Payload extends JWTPayload = JWTPayload>(options: JwtVerifierOptions): Verify<Payload> {
  const algorithms = checkAlgorithms(options.algorithms);
  const source = keySource(options, algorithms);
  const { wallClock = Date.now } = options;
  checkFunction("wallClock", wallClock);
  const expected = expectedOf(options, algorithms);
  return (token) => compact.test(token) && verdictOn<Payload>(token, source, { ...expected, currentDate: new Date(wallClock()) });
}

// Three parts in base64url without padding, by RFC 7515. The platform's decoder lets white space and padding pass in the
// signature, with which one token could be written in many ways, past a list of revoked ones.
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

function expectedOf(options: JwtVerifierOptions, algorithms: readonly string[]): JWTVerifyOptions {
  const { issuer, audience, type, requiredClaims = ["exp"], clockToleranceSeconds = 0, maxAgeSeconds = Infinity } = options;
  checkNumber("clockToleranceSeconds", clockToleranceSeconds, { max: Number.MAX_VALUE });
  checkNumber("maxAgeSeconds", maxAgeSeconds);
  if (type !== undefined && typeof type !== "string") throw new TypeError(`type must be a text, got ${typeof type}`);
  return {
    algorithms: [...algorithms],
    requiredClaims: texts("requiredClaims", requiredClaims),
    clockTolerance: clockToleranceSeconds,
    ...(issuer === undefined ? {} : { issuer: texts("issuer", issuer) }),
    ...(audience === undefined ? {} : { audience: texts("audience", audience) }),
    ...(type === undefined ? {} : { typ: type }),
    ...(maxAgeSeconds === Infinity ? {} : { maxTokenAge: maxAgeSeconds }),
  };
}

// An empty text, as an unset variable gives, is a mistake and nobody's wish.
function texts(option: string, value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((text) => {
    if (typeof text === "string" && text !== "") return text;
    const given = typeof text === "string" ? '""' : typeof text;
    throw new TypeError(`${option} must be a text or a list of texts, none of them empty, got ${given}`);
  });
}

async function verdictOn<Payload>(token: string, source: JWTVerifyGetKey, expected: JWTVerifyOptions): Promise<Payload | false> {
  try {
    const { payload } = await jwtVerify<Payload>(token, source, expected);
    return payload;
  } catch (error) {
    if (error instanceof SeveralKeys) return await verdictByAnyOf<Payload>(token, error, expected);
    if (error instanceof KeyFault) throw error.cause;
    if (error instanceof UnknownKey || verdicts.has(codeOf(error))) return false;
    throw error;
  }
}

async function verdictByAnyOf<Payload>(token: string, { keys }: SeveralKeys, expected: JWTVerifyOptions): Promise<Payload | false> {
  for await (const key of keys) {
    const verdict = await verdictOn<Payload>(token, () => key, expected);
    if (verdict !== false) return verdict;
  }
  return false;
}

/** What jose says of a token that is not valid. */
const verdicts: ReadonlySet<unknown> = new Set([
  "ERR_JOSE_ALG_NOT_ALLOWED",
  "ERR_JOSE_NOT_SUPPORTED",
  "ERR_JWS_INVALID",
  "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
  "ERR_JWT_CLAIM_VALIDATION_FAILED",
  "ERR_JWT_EXPIRED",
  "ERR_JWT_INVALID",
]);
