/**
 * The `tracestate` header: what tracing systems put beside `traceparent` for themselves, newest first.
 *
 * To us a member is opaque: it is checked, so that nothing goes out that would break the next service's parser, and handed
 * on in its order. One member that breaks the grammar makes the list worthless, because nobody can tell where it began to be
 * wrong; so do more than 32 members. A key that comes twice is no such break: the one further left is newer, and stays.
 *
 * Source: W3C Trace Context, level 2, "Tracestate Header Field Values". Its keys include all of level 1.
 */
const mostMembers = 32;
// A key, and a value of printable ASCII without `,` and `=`; with spaces, but none at the end.
const memberPattern = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
// Key, `=` and value at their longest, with room for a little space round each member.
const longest = mostMembers * 520;

/** The list in its canonical form, or undefined when there is none or it is not valid. */
export function parseTracestate(text: string): string | undefined {
  if (text.length > longest) return undefined;
  const members = new Map<string, string>();
  const parts = text.split(",");
  if (parts.length > mostMembers) return undefined;
  for (const part of parts) {
    const member = trimmed(part);
    if (member === "") continue; // the grammar allows empty members
    if (!memberPattern.test(member)) return undefined;
    const key = keyOf(member);
    if (!members.has(key)) members.set(key, member);
  }
  return members.size === 0 ? undefined : [...members.values()].join(",");
}

/**
 * The list with your own member in it: leftmost, where the newest belongs, and in place of an older one with the same key.
 * When there are more than 32 then, the oldest falls off the end.
 *
 * @throws RangeError if key or value break the grammar: keys are up to 256 of `a-z 0-9 _ - * / @`, beginning with a letter or
 * digit; values up to 256 printable ASCII characters without `,` and `=`, and do not end with a space.
 */
export function withTracestate(state: string | undefined, key: string, value: string): string {
  if (!memberPattern.test(`${key}=v`)) throw new RangeError(`key must be a tracestate key, got ${JSON.stringify(key)}`);
  if (!memberPattern.test(`k=${value}`)) throw new RangeError(`value must be a tracestate value, got ${JSON.stringify(value)}`);
  const others = (state ?? "").split(",").filter((member) => member !== "" && keyOf(member) !== key);
  return [`${key}=${value}`, ...others].slice(0, mostMembers).join(",");
}

// There is one `=` in a member.
function keyOf(member: string): string {
  return member.slice(0, member.indexOf("="));
}

// What HTTP calls optional white space, and nothing else that `trim` would take.
function trimmed(part: string): string {
  let start = 0;
  let end = part.length;
  while (start < end && isSpace(part.charCodeAt(start))) start += 1;
  while (end > start && isSpace(part.charCodeAt(end - 1))) end -= 1;
  return part.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
