import type { IncomingMessage } from "node:http";
import { checkFunction } from "@breakwater/core";

/**
 * Whose pages may connect. A browser sends the cookies of this host with an upgrade whichever page asks for it, and no same-origin policy
 * stands before a WebSocket: without a check any page could speak for its visitor. So by default a page must come from the host that
 * it connects to (`same-host`: its Origin's host is the Host header). Programs that are no browsers send no Origin, and may.
 *
 * Behind a proxy that changes the Host header, name the origins: `["https://shop.example"]`. `any`: nothing rests on cookies.
 */
export type Origins = "same-host" | "any" | readonly string[] | ((origin: string, request: IncomingMessage) => boolean);

export type OriginCheck = (request: IncomingMessage) => boolean;

/** @throws TypeError naming the option and the value. */
export function readOrigins(origins: Origins): OriginCheck {
  const check = checkOf(origins);
  return (request) => {
    const { origin } = request.headers;
    return origin === undefined || check(origin, request);
  };
}

function checkOf(origins: Origins): (origin: string, request: IncomingMessage) => boolean {
  if (origins === "any") return () => true;
  if (origins === "same-host") return (origin, { headers }) => headers.host !== undefined && hostOf(origin) === headers.host.toLowerCase();
  if (typeof origins === "function") return origins;
  if (!Array.isArray(origins)) checkFunction("origins", origins);
  const allowed = new Set(origins as readonly string[]); // an array, as was seen
  for (const origin of allowed) {
    if (originOf(origin) !== origin) throw new TypeError(`origins must be like https://shop.example, got ${origin}`);
  }
  return (origin) => allowed.has(origin);
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

function originOf(text: string): string | undefined {
  try {
    return new URL(text).origin;
  } catch {
    return undefined;
  }
}
