import type { Problem } from "../front/failures.ts";

/** @throws TypeError for fields that cannot be sent. */
export function problemResponse(status: number, headers: Readonly<Record<string, string>>, problem: Problem): Response {
  return new Response(JSON.stringify(problem), { status, headers: { ...headers, "content-type": "application/problem+json" } });
}
