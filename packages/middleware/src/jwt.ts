export { jwtVerifier, type JwtVerifierOptions } from "./jwt/jwt-verifier.ts";
export type { JwtHeader, JwtKeyLookup, JwtKeyOptions } from "./jwt/key-source.ts";
export type { JwtKey } from "./jwt/keys.ts";
export type { FetchImplementation, JSONWebKeySet, JWTPayload } from "jose";
