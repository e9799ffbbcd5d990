import { checkNumber } from "@breakwater/core";

/** How bodies are read. `raw`: not at all, the stream is the service's. */
export type BodyForm = "json" | "text" | "bytes" | "raw";

export interface RouteBounds {
  /** Which methods are answered; the others get a 405. GET includes HEAD. Default GET and POST. */
  readonly methods?: readonly string[] | undefined;
  /** Default `json`: another media type gets a 415, what is no JSON a 400. */
  readonly body?: BodyForm | undefined;
  /** A larger body gets a 413, in bytes from 0. Default 1,048,576. */
  readonly maxBodyBytes?: number | undefined;
}

export interface RouteSettings {
  readonly methods: ReadonlySet<string>;
  /** For the `allow` of a 405. */
  readonly allow: string;
  readonly body: BodyForm;
  readonly maxBodyBytes: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readRouteBounds({ methods = ["GET", "POST"], body = "json", maxBodyBytes = 1_048_576 }: RouteBounds): RouteSettings {
  if (!["json", "text", "bytes", "raw"].includes(body)) throw new RangeError(`body must be json, text, bytes or raw, got ${body as string}`);
  const checked = checkMethods(methods);
  return { methods: checked, allow: [...checked].join(", "), body, maxBodyBytes: checkNumber("maxBodyBytes", maxBodyBytes) };
}

function checkMethods(methods: readonly string[]): Set<string> {
  const set = new Set(methods);
  const isGood = set.size > 0 && [...set].every((method: unknown) => typeof method === "string" && /^[A-Z-]+$/.test(method));
  if (!isGood) throw new TypeError(`methods must be names in upper case, at least one, got ${String(methods)}`);
  if (set.has("GET")) set.add("HEAD");
  return set;
}
