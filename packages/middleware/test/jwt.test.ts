import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { authentication, pipeline, type NotVerified, type Verify } from "@breakwater/middleware";
import { jwtVerifier, type FetchImplementation, type JwtVerifierOptions } from "@breakwater/middleware/jwt";
import fc from "fast-check";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type JWTPayload } from "jose";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

const nowSeconds = 1_700_000_000;
const wallClock = (): number => nowSeconds * 1000;
const secret = new TextEncoder().encode("a secret of at least thirty-two bytes");
const rsa = await generateKeyPair("RS256", { extractable: true });
const otherRsa = await generateKeyPair("RS256", { extractable: true });
const ec = await generateKeyPair("ES256", { extractable: true });
const ed = await generateKeyPair("EdDSA", { extractable: true });
const hmacKey = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
const shortKey = await crypto.subtle.importKey("raw", secret.slice(0, 8), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
const rsaPublicJwk = await exportJWK(rsa.publicKey);
const ecPublicJwk = await exportJWK(ec.publicKey);
const ecPrivateJwk = await exportJWK(ec.privateKey);
const good = { sub: "ann", iss: "https://issuer.example", aud: "orders", exp: nowSeconds + 60 };

type SignKey = Parameters<SignJWT["sign"]>[0];

function signed(alg: string, key: SignKey, claims: JWTPayload = good, header: object = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(key);
}

/** Asks for a verdict, without the call, which this verifier does not look at. */
async function verdict(options: JwtVerifierOptions, token: string): Promise<JWTPayload | NotVerified> {
  return jwtVerifier({ wallClock, ...options })(token, {});
}

const hs256: JwtVerifierOptions = { key: secret, algorithms: ["HS256"], issuer: good.iss, audience: "orders" };

describe("a JWT verifier", () => {
  it.each([
    ["HS256", secret, secret],
    ["HS256", createSecretKey(secret), secret],
    ["HS256", hmacKey, secret],
    ["HS256", { kty: "oct", k: Buffer.from(secret).toString("base64url") }, secret],
    ["RS256", rsa.publicKey, rsa.privateKey],
    ["ES256", ec.publicKey, ec.privateKey],
    ["EdDSA", ed.publicKey, ed.privateKey],
    ["RS256", rsaPublicJwk, rsa.privateKey],
    ["ES256", ecPublicJwk, ec.privateKey],
  ])("answers what a good token says: %s with %s", async (alg, key, signKey) => {
    expect(await verdict({ key, algorithms: [alg] }, await signed(alg, signKey))).toEqual(good);
  });

  it("takes the platform's key objects, also for several algorithms of one kind", async () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const curve = generateKeyPairSync("ec", { namedCurve: "P-384" });
    for (const alg of ["RS256", "PS512"]) {
      expect(await verdict({ key: pair.publicKey, algorithms: ["RS256", "PS512"] }, await signed(alg, pair.privateKey))).toEqual(good);
    }
    expect(await verdict({ key: curve.publicKey, algorithms: ["ES384"] }, await signed("ES384", curve.privateKey))).toEqual(good);
    expect(() => jwtVerifier({ key: curve.publicKey, algorithms: ["ES256"] })).toThrow("it is not for ES256");
  });

  it.each<[string, JWTPayload, object?]>([
    ["expired", { ...good, exp: nowSeconds }],
    ["not valid yet", { ...good, nbf: nowSeconds + 1 }],
    ["for another audience", { ...good, aud: "invoices" }],
    ["for other audiences", { ...good, aud: ["invoices", "stock"] }],
    ["for no audience", { ...good, aud: undefined as never }],
    ["of another issuer", { ...good, iss: "https://evil.example" }],
    ["without an end", { ...good, exp: undefined as never }],
    ["with an end that is no number", { ...good, exp: "tomorrow" as never }],
    ["with an extension that must be understood and is not", good, { crit: ["x"], x: 1 }],
  ])("refuses a token that is %s", async (_what, claims, header = {}) => {
    // jose does not sign some of these, so the parts are put together by hand
    const text = [{ alg: "HS256", ...header }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const mac = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = Buffer.from(await crypto.subtle.sign("HMAC", mac, Buffer.from(text))).toString("base64url");
    expect(await verdict(hs256, `${text}.${signature}`)).toBe(false);
  });

  it("takes one of several issuers and audiences", async () => {
    const options = { ...hs256, issuer: ["https://old.example", good.iss], audience: ["stock", "orders"] };
    expect(await verdict(options, await signed("HS256", secret, { ...good, aud: ["orders", "invoices"] }))).toMatchObject({ sub: "ann" });
    expect(await verdict(options, await signed("HS256", secret, { ...good, aud: "invoices" }))).toBe(false);
  });

  it("allows for clocks that differ by so many seconds", async () => {
    const late = await signed("HS256", secret, { ...good, exp: nowSeconds - 4 });
    const early = await signed("HS256", secret, { ...good, nbf: nowSeconds + 5 });
    for (const token of [late, early]) {
      expect(await verdict({ ...hs256, clockToleranceSeconds: 5 }, token)).toMatchObject({ sub: "ann" });
      expect(await verdict({ ...hs256, clockToleranceSeconds: 3 }, token)).toBe(false);
    }
  });

  it("asks for other claims, a type and an age as it is told to", async () => {
    const endless = await signed("HS256", secret, { sub: "ann", iat: nowSeconds - 100 }, { typ: "at+jwt" });
    const options: JwtVerifierOptions = { key: secret, algorithms: ["HS256"], requiredClaims: [] };
    expect(await verdict(options, endless)).toMatchObject({ sub: "ann" });
    expect(await verdict({ ...options, requiredClaims: ["scope"] }, endless)).toBe(false);
    expect(await verdict({ ...options, type: "at+jwt" }, endless)).toMatchObject({ sub: "ann" });
    expect(await verdict({ ...options, type: "id+jwt" }, endless)).toBe(false);
    expect(await verdict({ ...options, maxAgeSeconds: 100 }, endless)).toMatchObject({ sub: "ann" });
    expect(await verdict({ ...options, maxAgeSeconds: 99 }, endless)).toBe(false);
    expect(await verdict({ ...options, maxAgeSeconds: Infinity }, endless)).toMatchObject({ sub: "ann" });
  });

  it("refuses a token without a signature, whatever it calls its algorithm", async () => {
    const unsecured = new UnsecuredJWT(good).encode();
    const [, payload = ""] = unsecured.split(".");
    const headers = ["none", "None", "NONE", "nOnE", "", undefined, null, ["HS256"], "HS256"].map((alg) => Buffer.from(JSON.stringify({ alg })).toString("base64url"));
    for (const token of [unsecured, ...headers.map((header) => `${header}.${payload}.`)]) expect(await verdict(hs256, token)).toBe(false);
  });

  it("refuses a token that is signed with the public key as if it were a secret", async () => {
    const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
    const confused = await signed("HS256", pem);
    for (const key of [rsa.publicKey, rsaPublicJwk]) expect(await verdict({ key, algorithms: ["RS256"] }, confused)).toBe(false);
    expect(await verdict({ jwks: { keys: [rsaPublicJwk] }, algorithms: ["RS256"] }, confused)).toBe(false);
    expect(() => jwtVerifier({ key: rsa.publicKey, algorithms: ["RS256", "HS256"] })).toThrow("algorithms must not mix");
    expect(() => jwtVerifier({ jwks: () => rsa.publicKey, algorithms: ["RS256", "HS256"] })).toThrow("algorithms must not mix");
  });

  it("refuses the signature of another key, and of an algorithm that is not allowed", async () => {
    expect(await verdict({ key: rsa.publicKey, algorithms: ["RS256"] }, await signed("RS256", otherRsa.privateKey))).toBe(false);
    expect(await verdict({ key: new Uint8Array(64), algorithms: ["HS512"] }, await signed("HS256", new Uint8Array(64)))).toBe(false);
  });

  it("refuses any garbage, and throws nothing", async () => {
    const verify = jwtVerifier({ wallClock, ...hs256 });
    const token = await signed("HS256", secret);
    const changed = fc.tuple(fc.nat(token.length - 1), fc.string({ maxLength: 3 })).map(([at, text]) => token.slice(0, at) + text + token.slice(at + 1));
    const parts = fc.array(fc.oneof(fc.string(), fc.json().map((json) => Buffer.from(json).toString("base64url")), fc.constantFrom(...token.split("."))), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: "binary" }), changed, parts.map((list) => list.join("."))), async (text) => {
        const answer = await verify(text, {});
        // the last character of a signature has bits that mean nothing, and a change can give back the same token
        if (answer !== false) expect(answer).toEqual(good);
        if (!text.startsWith(token.slice(0, -1))) expect(answer).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each([" ", "\n", "=", "=="])("refuses white space and padding, with which one token could be written in many ways: %j", async (extra) => {
    const token = await signed("HS256", secret);
    const at = token.lastIndexOf(".") + 4;
    for (const other of [`${token}${extra}`, `${extra}${token}`, `${token.slice(0, at)}${extra}${token.slice(at)}`]) {
      expect(await verdict(hs256, other)).toBe(false);
    }
  });

  it("is what authentication takes, and refuses with its error", async () => {
    const service = pipeline<{ readonly authorization?: string }>()
      .use(
        authentication({
          credentials: ({ authorization }) => authorization?.replace(/^Bearer /, ""),
          verify: jwtVerifier<JWTPayload & { readonly sub: string }>({ wallClock, ...hs256 }),
        }),
      )
      .handle(async (_request, call) => call.user.sub);
    expect(await service({ authorization: `Bearer ${await signed("HS256", secret)}` }, {})).toBe("ann");
    await expect(service({ authorization: "Bearer x" }, {})).rejects.toMatchObject({ code: "ERR_AUTHENTICATION", reason: "invalid" });
  });

  it("says in its type what it answers", () => {
    expectTypeOf(jwtVerifier(hs256)).toEqualTypeOf<Verify<JWTPayload>>();
    expectTypeOf(jwtVerifier<{ sub: string }>(hs256)).toEqualTypeOf<Verify<{ sub: string }>>();
    // @ts-expect-error: which signatures count must be said
    expect(() => jwtVerifier({ key: secret })).toThrow("algorithms must be a list of at least one");
  });

  it("reads its options once, and changes none of them", async () => {
    const key = new Uint8Array(secret);
    const jwk: JWK = { ...rsaPublicJwk, key_ops: ["verify"] };
    const options = { key, algorithms: ["HS256"], audience: ["orders"], wallClock };
    const verify = jwtVerifier(options);
    const verifyRsa = jwtVerifier({ key: jwk, algorithms: ["RS256"], wallClock });
    const token = await signed("HS256", secret);
    key.fill(0);
    options.algorithms[0] = "HS512";
    options.audience[0] = "stock";
    expect(await verify(token, {})).toEqual(good);
    expect(await verifyRsa(await signed("RS256", rsa.privateKey), {})).toEqual(good);
    expect([Object.isFrozen(jwk), Object.isFrozen(jwk.key_ops)]).toEqual([false, false]);
  });

  it.each<[string, object, string]>([
    ["no algorithms", { key: secret, algorithms: [] }, "algorithms must be a list of at least one"],
    ["a text for algorithms", { key: secret, algorithms: "HS256" }, "algorithms must be a list of at least one"],
    ["none", { key: secret, algorithms: ["none"] }, "algorithms must be of HS256"],
    ["an algorithm that nobody knows", { key: secret, algorithms: ["toString"] }, "got toString"],
    ["neither key nor set", { algorithms: ["HS256"] }, "either key or jwks must be given"],
    ["both", { key: secret, jwks: { keys: [] }, algorithms: ["HS256"] }, "either key or jwks must be given"],
    ["PEM", { key: "-----BEGIN PUBLIC KEY-----", algorithms: ["RS256"] }, "got string; jose's importSPKI reads PEM"],
    ["an object that is no key", { key: {}, algorithms: ["HS256"] }, "it is not for HS256"],
    ["a private key", { key: rsa.privateKey, algorithms: ["RS256"] }, "got a private key"],
    ["a private JWK", { key: ecPrivateJwk, algorithms: ["ES256"] }, "got a private key"],
    ["a key for another algorithm", { key: rsa.publicKey, algorithms: ["RS512"] }, "it is not for RS512"],
    ["a JWK for another algorithm", { key: { ...rsaPublicJwk, alg: "PS256" }, algorithms: ["RS256"] }, "it is not for RS256"],
    ["a secret with a public algorithm", { key: secret, algorithms: ["ES256"] }, "it is not for ES256"],
    ["a platform's secret for another hash", { key: hmacKey, algorithms: ["HS512"] }, "it is not for HS512"],
    ["a short secret", { key: new Uint8Array(31), algorithms: ["HS256"] }, "key must have at least 32 bytes for HS256, got 31"],
    ["a short secret in a JWK", { key: { kty: "oct", k: "c2VjcmV0" }, algorithms: ["HS256"] }, "key must have at least 32 bytes for HS256, got 6"],
    ["a short secret in a KeyObject", { key: createSecretKey(new Uint8Array(47)), algorithms: ["HS384"] }, "key must have at least 48 bytes for HS384, got 47"],
    ["a short secret in a CryptoKey", { key: shortKey, algorithms: ["HS256"] }, "key must have at least 32 bytes for HS256, got 8"],
    ["a set for secrets", { jwks: { keys: [] }, algorithms: ["HS256"] }, "jwks holds public keys"],
    ["a set that is none", { jwks: "https://issuer.example/keys", algorithms: ["RS256"] }, "jwks must be a URL, a set of keys or a function, got string"],
    ["an empty audience", { ...hs256, audience: "" }, 'audience must be a text or a list of texts, none of them empty, got ""'],
    ["an issuer that is no text", { ...hs256, issuer: [7] }, "issuer must be a text or a list of texts, none of them empty, got number"],
    ["an endless tolerance", { ...hs256, clockToleranceSeconds: Infinity }, "clockToleranceSeconds must be a number from 0"],
    ["a negative age", { ...hs256, maxAgeSeconds: -1 }, "maxAgeSeconds must be a number from 0"],
    ["a type that is no text", { ...hs256, type: 7 }, "type must be a text, got number"],
    ["a wall clock that is no function", { ...hs256, wallClock: 7 }, "wallClock must be a function, got number"],
    ["a timeout that is no number", { jwks: new URL("https://x/"), algorithms: ["RS256"], fetchTimeoutMs: "1" }, "fetchTimeoutMs must be a number"],
    ["a fetch that is no function", { jwks: new URL("https://x/"), algorithms: ["RS256"], fetch: 7 }, "fetch must be a function, got number"],
  ])("refuses at construction: %s", (_what, options, message) => {
    expect(() => jwtVerifier(options as JwtVerifierOptions)).toThrow(message);
  });
});

describe("a JWT verifier with a set of keys", async () => {
  const rsaJwk: JWK = { ...rsaPublicJwk, kid: "rsa" };
  const otherJwk: JWK = { ...(await exportJWK(otherRsa.publicKey)), kid: "other" };
  const ecJwk: JWK = { ...ecPublicJwk, kid: "ec" };
  const algorithms = ["RS256", "ES256"];
  const url = new URL("https://issuer.example/keys");
  const answer = (keys: readonly JWK[]): Response => Response.json({ keys });

  it("finds the key by its id, and by trying where the token names none", async () => {
    const options = { jwks: { keys: [rsaJwk, otherJwk, ecJwk] }, algorithms };
    expect(await verdict(options, await signed("RS256", otherRsa.privateKey, good, { kid: "other" }))).toEqual(good);
    expect(await verdict(options, await signed("ES256", ec.privateKey, good, { kid: "ec" }))).toEqual(good);
    expect(await verdict(options, await signed("RS256", otherRsa.privateKey))).toEqual(good);
    const stranger = await generateKeyPair("RS256");
    expect(await verdict(options, await signed("RS256", stranger.privateKey))).toBe(false);
    expect(await verdict(options, await signed("RS256", rsa.privateKey, { ...good, exp: nowSeconds - 1 }))).toBe(false);
  });

  it("refuses a token whose key is not there", async () => {
    expect(await verdict({ jwks: { keys: [rsaJwk] }, algorithms }, await signed("RS256", rsa.privateKey, good, { kid: "gone" }))).toBe(false);
  });

  it("fetches the set once for many tokens, and garbage fetches nothing", async () => {
    const fetch = vi.fn<FetchImplementation>(async () => answer([rsaJwk, ecJwk]));
    const verify = jwtVerifier({ jwks: url, algorithms, fetch, wallClock });
    for (const garbage of ["x", await signed("HS256", secret)]) expect(await verify(garbage, {})).toBe(false);
    expect(fetch).not.toHaveBeenCalled();
    const tokens = await Promise.all([signed("RS256", rsa.privateKey, good, { kid: "rsa" }), signed("ES256", ec.privateKey)]);
    expect(await Promise.all([...tokens, ...tokens].map(async (token) => verify(token, {})))).toEqual([good, good, good, good]);
    expect(await verify(await signed("RS256", rsa.privateKey, good, { kid: "gone" }), {})).toBe(false);
    expect(fetch.mock.calls.map(([address]) => address)).toEqual([url.href]);
  });

  it("fetches anew for a key that it does not know, once it may", async () => {
    const sets = [[rsaJwk], [rsaJwk, ecJwk]];
    const fetch = vi.fn<FetchImplementation>(async () => answer(sets.shift() ?? []));
    const verify = jwtVerifier({ jwks: url, algorithms, fetch, wallClock, refetchAfterMs: 0 });
    expect(await verify(await signed("RS256", rsa.privateKey, good, { kid: "rsa" }), {})).toEqual(good);
    expect(await verify(await signed("ES256", ec.privateKey, good, { kid: "ec" }), {})).toEqual(good);
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it("takes no failure of fetching for a verdict on the token, and fetches again for the next one", async () => {
    const fault = new TypeError("fetch failed");
    const answers: (() => Promise<Response>)[] = [
      () => Promise.reject(fault),
      async () => new Response("busy", { status: 503 }),
      async () => new Response("<html>"),
      async () => Response.json({ none: true }),
      async () => answer([rsaJwk]),
    ];
    const verify = jwtVerifier({ jwks: url, algorithms, fetch: () => answers.shift()?.() ?? Promise.reject(new Error("no more")), wallClock });
    const token = await signed("RS256", rsa.privateKey);
    await expect(verify(token, {})).rejects.toBe(fault);
    await expect(verify(token, {})).rejects.toMatchObject({ code: "ERR_JOSE_GENERIC" });
    await expect(verify(token, {})).rejects.toMatchObject({ code: "ERR_JOSE_GENERIC" });
    await expect(verify(token, {})).rejects.toMatchObject({ code: "ERR_JWKS_INVALID" });
    expect(await verify(token, {})).toEqual(good);
  });

  it("waits for a fetch as long as it is told, with times beyond what the platform's timers hold", async () => {
    const signals: AbortSignal[] = [];
    const fetch: FetchImplementation = async (_url, { signal }) => (signals.push(signal), answer([rsaJwk]));
    for (const fetchTimeoutMs of [Infinity, 2 ** 40, 1.5]) {
      const verify = jwtVerifier({ jwks: url, algorithms, fetch, wallClock, fetchTimeoutMs, keysMaxAgeMs: Infinity, refetchAfterMs: Infinity });
      expect(await verify(await signed("RS256", rsa.privateKey), {})).toEqual(good);
    }
    expect(signals.slice(0, 2).map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  it("asks a function for the key, whose error is no verdict, and whose key must be for the token's algorithm", async () => {
    const fault = Object.assign(new Error("no connection"), { code: "ERR_JWT_INVALID" });
    const lookups = { rsa: () => rsa.publicKey, late: async () => rsaJwk, ec: () => ec.publicKey, gone: () => undefined, nothing: () => null as never, pem: () => "-----BEGIN PUBLIC KEY-----" as never, down: () => Promise.reject(fault) };
    const verify = jwtVerifier({ jwks: ({ kid }) => lookups[kid as keyof typeof lookups](), algorithms, wallClock });
    const by = async (kid: string): Promise<unknown> => verify(await signed("RS256", rsa.privateKey, good, { kid }), {});
    expect(await Promise.all(["rsa", "late", "ec", "gone", "nothing"].map(by))).toEqual([good, good, false, false, false]);
    await expect(by("down")).rejects.toBe(fault);
    const shared = jwtVerifier({ jwks: () => shortKey, algorithms: ["HS256"], wallClock });
    await expect(shared(await signed("HS256", secret.slice(0, 8)), {})).rejects.toThrow("key must have at least 32 bytes");
    await expect(by("pem")).rejects.toThrow("jwks must answer a CryptoKey, KeyObject, JWK or Uint8Array, got string");
  });
});
