import type { Dispatcher } from "undici";

type Headers = NonNullable<Dispatcher.DispatchOptions["headers"]> | null;
type Field = readonly [name: string, value: string];

/** The same, for as often as one likes: an iterator would be used up by the first look. */
export function lasting(headers: Headers): Headers {
  return headers !== null && !Array.isArray(headers) && isIterable(headers) ? new Set(headers) : headers;
}

/** Whether there is such a field, in whichever of undici's forms: an object, pairs, or names and values in turn. */
export function hasField(headers: Headers, name: string): boolean {
  return namesOf(headers).some((one) => one.toLowerCase() === name);
}

/** The headers with these fields. Those that the caller set himself stay. */
export function withFields(headers: Headers, fields: readonly Field[]): Headers {
  if (headers !== null && typeof headers !== "object") return headers; // none, which undici says itself
  const names = new Set(fields.length === 0 ? [] : namesOf(headers).map((one) => one.toLowerCase()));
  const missing = fields.filter(([name]) => !names.has(name.toLowerCase()));
  if (missing.length === 0) return headers;
  if (headers === null) return Object.fromEntries(missing);
  if (Array.isArray(headers)) return [...headers, ...missing.flat()];
  return isIterable(headers) ? new Set([...headers, ...missing.map(([name, value]): [string, string] => [name, value])]) : { ...headers, ...Object.fromEntries(missing) };
}

function namesOf(headers: Headers): string[] {
  if (headers === null) return [];
  if (Array.isArray(headers)) return headers.filter((_, index) => index % 2 === 0).map(String);
  return isIterable(headers) ? [...headers].map(nameOf) : Object.keys(headers);
}

// What is no pair undici says itself.
function nameOf(pair: unknown): string {
  return Array.isArray(pair) ? String(pair[0]) : "";
}

// Asked with care: from JavaScript anything may come.
function isIterable(headers: object): headers is Iterable<[string, string | string[] | undefined]> {
  return typeof headers === "object" && Symbol.iterator in headers;
}
