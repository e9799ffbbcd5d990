import type { CryptoKey, JWK, KeyObject } from "jose";

/** What a signature is checked with: a public key, or the bytes of a shared secret. */
export type JwtKey = CryptoKey | KeyObject | JWK | Uint8Array;

/** What an algorithm wants its key to be. */
const materials: Readonly<Record<string, string>> = {
  ...of("secret", "HS256", "HS384", "HS512"),
  ...of("RSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
  ...of("P-256", "ES256"),
  ...of("P-384", "ES384"),
  ...of("P-521", "ES512"),
  ...of("Ed25519", "EdDSA", "Ed25519"),
};

function of(material: string, ...algorithms: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(algorithms.map((algorithm) => [algorithm, material]));
}

/**
 * The algorithms, checked and copied. Secrets and public keys do not mix: where both are allowed, a stranger may take the
 * public key, which anybody has, for a secret and sign with it.
 *
 * @throws TypeError naming the option and the value.
 */
export function checkAlgorithms(algorithms: unknown): readonly string[] {
  if (!Array.isArray(algorithms) || algorithms.length === 0) throw new TypeError("algorithms must be a list of at least one");
  const list = algorithms.map((algorithm: unknown) => {
    if (typeof algorithm === "string" && Object.hasOwn(materials, algorithm)) return algorithm;
    throw new TypeError(`algorithms must be of ${Object.keys(materials).join(", ")}, got ${String(algorithm)}`);
  });
  if (list.some(isSecret) && !list.every(isSecret)) {
    throw new TypeError(`algorithms must not mix those with a secret and those with a public key, got ${list.join(", ")}`);
  }
  return list;
}

/** Whether both sides have the same key. */
export function isSecret(algorithm: string): boolean {
  return materials[algorithm] === "secret";
}

/**
 * A copy of the key, so that nobody changes it later; keys of the platform cannot be changed.
 *
 * @throws TypeError or RangeError if it is no key, a private one, not for each of these algorithms, or a secret shorter than
 * their hash, as RFC 7518 asks in section 3.2.
 */
export function checkKey(key: unknown, algorithms: readonly string[]): JwtKey {
  if (typeof key !== "object" || key === null) {
    throw new TypeError(`key must be a CryptoKey, KeyObject, JWK or Uint8Array, got ${typeof key}; jose's importSPKI reads PEM`);
  }
  if (isPrivate(key)) throw new TypeError("key must be a public key or a secret, got a private key");
  const unfit = algorithms.find((algorithm) => !fits(key as JwtKey, algorithm)); // what it is comes out here
  if (unfit !== undefined) throw new TypeError(`key must be for each of algorithms, but it is not for ${unfit}`);
  checkLength(key, algorithms);
  return copyOf(key);
}

/** @throws RangeError for a secret that is shorter than the hash of one of these algorithms. */
export function checkLength(key: JwtKey, algorithms: readonly string[]): void {
  if (!algorithms.some(isSecret)) return;
  const length = bytesOf(key);
  const least = Math.max(...algorithms.map((algorithm) => Number(algorithm.slice(2)) / 8));
  if (length < least) throw new RangeError(`key must have at least ${least} bytes for ${algorithms.join(", ")}, got ${length}`);
}

/** How long a secret is. Each kind of key says so in its way. */
function bytesOf(key: JwtKey): number {
  if (key instanceof Uint8Array) return key.length;
  const { k, symmetricKeySize, algorithm } = key as KeyParts;
  return k === undefined ? (symmetricKeySize ?? (algorithm?.length ?? 0) / 8) : Math.floor((k.length * 3) / 4);
}

function copyOf(key: JwtKey): JwtKey {
  if (key instanceof Uint8Array) return new Uint8Array(key);
  return "kty" in key ? structuredClone(key) : key;
}

/** The parts of all kinds of keys by which they tell what they are. */
interface KeyParts {
  readonly type?: string;
  readonly algorithm?: { readonly name: string; readonly hash?: { readonly name: string }; readonly namedCurve?: string; readonly length?: number };
  readonly symmetricKeySize?: number;
  readonly asymmetricKeyType?: string;
  readonly asymmetricKeyDetails?: { readonly namedCurve?: string };
  readonly kty?: string;
  readonly crv?: string;
  readonly alg?: string;
  readonly d?: string;
  readonly k?: string;
}

/** Whether the key can be meant by this algorithm. The token names the algorithm, and its author may be a stranger. */
export function fits(key: JwtKey, algorithm: string): boolean {
  const parts = key as KeyParts; // each part is optional, and a key that has none of them fits nothing
  const material = key instanceof Uint8Array ? "secret" : materialOf(parts);
  return material !== undefined && materials[algorithm] === material && (boundTo(parts) ?? algorithm) === algorithm;
}

function isPrivate(key: object): boolean {
  const { type, kty, d } = key as KeyParts;
  return type === "private" || (kty !== undefined && kty !== "oct" && d !== undefined);
}

const curves: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function materialOf({ type, algorithm, asymmetricKeyType, asymmetricKeyDetails, kty, crv }: KeyParts): string | undefined {
  if (type === "secret" || kty === "oct") return "secret";
  if (kty === "RSA" || asymmetricKeyType?.startsWith("rsa") === true || algorithm?.name.startsWith("RSA") === true) return "RSA";
  if (asymmetricKeyType === "ed25519") return "Ed25519";
  if (asymmetricKeyType === "ec") return curves[asymmetricKeyDetails?.namedCurve ?? ""];
  return crv ?? algorithm?.namedCurve ?? algorithm?.name;
}

const prefixes: Readonly<Record<string, string>> = { HMAC: "HS", "RSASSA-PKCS1-v1_5": "RS", "RSA-PSS": "PS" };

/** The one algorithm of a key that is for one only. */
function boundTo({ alg, algorithm }: KeyParts): string | undefined {
  const prefix = prefixes[algorithm?.name ?? ""];
  return prefix === undefined ? alg : `${prefix}${algorithm?.hash?.name.slice("SHA-".length) ?? ""}`;
}
