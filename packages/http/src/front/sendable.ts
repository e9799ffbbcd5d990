/**
 * The name of a field that cannot be sent; undefined when all can. Fields come from options and errors too, and a line break in one
 * would begin another field, or another answer.
 */
export function unsendable(fields: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(fields).find((name) => {
    const value = fields[name];
    return !isName.test(name) || typeof value !== "string" || !isValue.test(value);
  });
}

const isName = /^[\w!#$%&'*+.^`|~-]+$/;
const isValue = /^[\t\x20-\x7e\x80-\xff]*$/;
