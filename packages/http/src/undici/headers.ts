import type { Dispatcher } from "undici";

type Headers = NonNullable<Dispatcher.DispatchOptions["headers"]> | null;
type Field = readonly [name: string, value: string];

/** Whether there is such a field, in whichever of undici's forms: an object, pairs, or names and values in turn. */
export function hasField(headers: Headers, name: string): boolean {
  return namesOf(headers).some((one) => one.toLowerCase() === name);
}

/** The headers with these fields. Those that the caller set himself stay. */
export function withFields(headers: Headers, fields: readonly Field[]): Headers {
  const names = new Set(fields.length === 0 ? [] : namesOf(headers).map((one) => one.toLowerCase()));
  const missing = fields.filter(([name]) => !names.has(name.toLowerCase()));
  if (missing.length === 0) return headers;
  if (headers === null) return Object.fromEntries(missing);
  if (Array.isArray(headers)) return [...headers, ...missing.flat()];
  return isIterable(headers) ? [...headers, ...missing.map(([name, value]): [string, string] => [name, value])].values() : { ...headers, ...Object.fromEntries(missing) };
}

function namesOf(headers: Headers): string[] {
  if (headers === null) return [];
  if (Array.isArray(headers)) return headers.filter((_, index) => index % 2 === 0);
  return isIterable(headers) ? [...headers].map(([name]) => name) : Object.keys(headers);
}

function isIterable(headers: object): headers is Iterable<[string, string | string[] | undefined]> {
  return Symbol.iterator in headers;
}
