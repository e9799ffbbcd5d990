import type { Failures } from "../front/failures.ts";
import type { Arrival } from "./arrival.ts";

/** The answer to an error. What comes of a client that has gone is no failure, and nobody reads the answer. */
export function problemResponse(error: unknown, failures: Failures, { isAborted }: Arrival): Response {
  if (isAborted) return goneResponse();
  const { status, headers, problem } = failures.answer(error);
  return new Response(JSON.stringify(problem), { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

/** 499 is what proxies log of a client that closed its request. */
export function goneResponse(): Response {
  return new Response(null, { status: 499 });
}
