/** What JSON can say. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject;

export interface PlainObject {
  readonly [key: string]: Plain;
}

const deepest = 8;

/**
 * A copy that JSON can say, for whoever shows it. Infinity, which is the limit of a limiter without one, becomes text, and NaN,
 * the mean of nothing, null. Errors become what they say of themselves; what nobody can read becomes text as well. It never
 * throws: a view of the whole must not fail because of one part.
 */
export function plain(value: unknown): Plain {
  return copy(value, []);
}

/** The same of an object; of anything else an object that has it under `value`. */
export function plainObject(value: unknown): PlainObject {
  const copied = plain(value);
  return isObject(copied) ? copied : { value: copied };
}

function copy(value: unknown, path: readonly object[]): Plain {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isNaN(value) ? null : Number.isFinite(value) ? value : String(value);
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : copyObject(value, path);
    case "undefined":
      return null;
    case "symbol":
    case "function":
      return `[${typeof value}]`;
  }
}

function copyObject(value: object, path: readonly object[]): Plain {
  if (path.includes(value)) return "[circular]";
  if (path.length >= deepest) return "[too deep]";
  const inner = [...path, value];
  try {
    if (value instanceof Error) return copyError(value);
    if (value instanceof Date) return value.toJSON();
    if (value instanceof Map) return copyEntries(value, inner);
    if (Array.isArray(value) || value instanceof Set) return [...(value as Iterable<unknown>)].map((each) => copy(each, inner));
    return copyEntries(Object.entries(value), inner);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : typeof error}]`;
  }
}

// Its code, because programs compare that.
function copyError(error: Error): Plain {
  const { name, message, code } = error as { readonly name: unknown; readonly message: unknown; readonly code?: unknown }; // as anybody may have set them
  return { name: String(name), message: String(message), ...(typeof code === "string" && { code }) };
}

function copyEntries(entries: Iterable<readonly [unknown, unknown]>, path: readonly object[]): PlainObject {
  const given = [...entries].filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [String(key), copy(value, path)]));
}

function isObject(value: Plain): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
