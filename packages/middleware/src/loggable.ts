import { behind, hit, type RedactPath } from "./redact-path.ts";

/**
 * A copy of a value that any logger can write.
 *
 * What a program picks from a request is as a stranger sent it: as large, as deep, or as strange. The copy has bounds in depth,
 * breadth, total and text; it has no cycle, no getter, no bigint and no bytes; and what cannot be read costs that member and
 * not the line. As with JSON, an object that has `toJSON` says itself what may be seen of it. The original is only read.
 */
const mostDepth = 8;
const mostMembers = 100;
const mostValues = 1000;
const mostCharacters = 1000;

/** The copy, with `[redacted]` where one of the paths leads. What is redacted is not read. */
export function loggable(value: unknown, paths: readonly RedactPath[]): unknown {
  return new Copying().copy(value, paths);
}

function bounded(text: string): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}[${text.length - mostCharacters} more]`;
}

class Copying {
  #valuesLeft = mostValues;
  /** The objects in which the walk is. */
  readonly #around: object[] = [];

  copy(value: unknown, paths: readonly RedactPath[]): unknown {
    this.#valuesLeft -= 1;
    switch (typeof value) {
      case "string":
        return bounded(value);
      case "bigint":
        // Writing out one of a million digits takes seconds.
        return BigInt.asIntN(64, value) === value ? String(value) : "[bigint]";
      case "function":
      case "symbol":
        return `[${typeof value}]`;
      case "object":
        return value === null ? null : this.#object(value, paths);
      default:
        return value;
    }
  }

  #object(value: object, paths: readonly RedactPath[]): unknown {
    if (this.#around.includes(value)) return "[circular]";
    if (this.#around.length >= mostDepth) return "[too deep]";
    this.#around.push(value);
    try {
      return this.#membersOf(value, paths);
    } catch {
      return "[unreadable]";
    } finally {
      this.#around.pop();
    }
  }

  #membersOf(value: object, paths: readonly RedactPath[]): unknown {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return this.#list(value.length, value.keys(), (index) => value[index] as unknown, paths);
    if (value instanceof Set) return this.#list(value.size, value, (member) => member, paths);
    if (value instanceof Map) return this.#record(value.size, value.keys(), (key) => value.get(key) as unknown, paths);
    const record = value as Readonly<Record<string, unknown>>; // as any object can be read
    const said = typeof record.toJSON === "function" ? (record as { readonly toJSON: () => unknown }).toJSON() : value;
    if (said !== value) return this.copy(said, paths);
    const keys = Object.keys(record);
    // An error has its name and message, but does not list them.
    if (value instanceof Error) keys.unshift(...["name", "message"].filter((key) => !keys.includes(key)));
    return this.#record(keys.length, keys, (key) => record[key], paths);
  }

  #list<Key>(size: number, keys: Iterable<Key>, read: (key: Key) => unknown, paths: readonly RedactPath[]): unknown[] {
    const list: unknown[] = [];
    for (const key of keys) {
      if (this.#isFull(list.length)) return [...list, `[${size - list.length} more]`];
      list.push(this.#member(String(list.length), () => read(key), paths));
    }
    return list;
  }

  #record<Key>(size: number, keys: Iterable<Key>, read: (key: Key) => unknown, paths: readonly RedactPath[]): object {
    const members: [string, unknown][] = [];
    for (const key of keys) {
      if (this.#isFull(members.length)) {
        members.push(["[more]", size - members.length]);
        break;
      }
      const name = String(key);
      members.push([bounded(name), this.#member(name, () => read(key), paths)]);
    }
    // Sets what is called `__proto__` as a member, which an assignment would not.
    return Object.fromEntries(members);
  }

  #member(key: string, read: () => unknown, paths: readonly RedactPath[]): unknown {
    const left = behind(paths, key);
    if (left === hit) return "[redacted]";
    try {
      return this.copy(read(), left);
    } catch {
      return "[unreadable]"; // a getter that throws
    }
  }

  #isFull(members: number): boolean {
    return members >= mostMembers || this.#valuesLeft <= 0;
  }
}
