export interface RetryAfterOptions {
  /** The wall clock, in ms since 1970, against which dates are read. Default `Date.now`. */
  readonly wallNow?: (() => number) | undefined;
}

/**
 * How long an error, or an answer, asks to be left alone, in ms from 0; undefined where it says nothing that can be understood.
 *
 * It reads `retryAfterMs`, as every refusal of Breakwater has it, and then the field `Retry-After` (RFC 9110, 10.2.3) of `headers`, or of
 * `response.headers`: a `Headers` object, a Map, or a plain object with names in any case. A date that has passed is 0. Never throws.
 */
export function retryAfterMs(subject: unknown, { wallNow = Date.now }: RetryAfterOptions = {}): number | undefined {
  try {
    const own = propertyOf(subject, "retryAfterMs");
    if (typeof own === "number" && own >= 0) return own;
    const field = fieldOf(propertyOf(subject, "headers")) ?? fieldOf(propertyOf(propertyOf(subject, "response"), "headers"));
    return field === undefined ? undefined : parseRetryAfter(field, wallNow);
  } catch {
    return undefined; // a foreign getter's fault must not replace the error that is being looked at
  }
}

// Date.parse, as Number, understands a lot that is neither: "1.5" would be a day in 2001.
const imfDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const rfc850Date = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function parseRetryAfter(field: string, wallNow: () => number): number | undefined {
  const text = field.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const isDate = imfDate.test(text) || rfc850Date.test(text);
  // asctime names no zone, and is UTC all the same.
  const at = isDate ? Date.parse(text) : asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallNow());
}

function fieldOf(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const { get } = headers as { readonly get?: unknown }; // any object may be asked for a property
  const value: unknown = typeof get === "function" ? get.call(headers, "retry-after") : undefined;
  // A Map's keys are as they were written.
  const entries: Iterable<[unknown, unknown]> = headers instanceof Map ? (headers as Map<unknown, unknown>) : Object.entries(headers);
  return textOf(value) ?? namedIn(entries);
}

function namedIn(entries: Iterable<[unknown, unknown]>): string | undefined {
  for (const [name, value] of entries) {
    if (typeof name === "string" && name.toLowerCase() === "retry-after") return textOf(value);
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : typeof value === "string" ? value : undefined;
}

function propertyOf(subject: unknown, name: "retryAfterMs" | "headers" | "response"): unknown {
  return typeof subject === "object" && subject !== null ? (subject as Partial<Record<typeof name, unknown>>)[name] : undefined; // as above
}
