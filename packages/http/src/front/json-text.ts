/** @throws TypeError for what is no JSON: a function, a symbol, a circle, a BigInt, whatever the types say. */
export function jsonText(answer: unknown): string {
  const text = JSON.stringify(answer) as string | undefined;
  if (text === undefined) throw new TypeError(`the service's answer is no JSON: ${typeof answer}`);
  return text;
}
