/**
 * Paths of what must not be in a log.
 *
 * A path is followed beside the walk that copies a value, one key at a time: what is left of it behind a key is again a path,
 * and when nothing is left that key is hit. So paths with wildcards need no expanding and no index, nothing is looked up that
 * is not walked through anyway, and what is hit need not even be read. Compiling paths to code, as fast redactors do, was
 * rejected: it needs `new Function`, which many programs forbid, or changes the value and changes it back.
 */
const anyKey: unique symbol = Symbol("*");
const anyDepth: unique symbol = Symbol("**");

type Step = string | typeof anyKey | typeof anyDepth;

/** A step, and what is left behind it: nothing where the path ends. */
export interface RedactPath {
  readonly step: Step;
  readonly rest: RedactPath | undefined;
}

// .key or key at the start, [0] or [*], ["any text"] or ['any text']
const stepPattern = /(?:^|(?<=.)\.)([^.[\]"'\s]+)|\[(\d+|\*)\]|\["([^"]*)"\]|\['([^']*)'\]/y;

/**
 * Reads `headers.cookie`, `items[0].card`, `items.*.card` (any key), `**.password` (at any depth), `headers["x.key"]`.
 *
 * @throws TypeError naming the option and the value.
 */
export function redactPath(option: string, text: unknown): RedactPath {
  const steps = typeof text === "string" ? stepsOf(text) : undefined;
  const path = steps?.reduceRight<RedactPath | undefined>((rest, step) => ({ step, rest }), undefined);
  // At any depth with nothing behind it would be everything.
  if (path === undefined || steps?.at(-1) === anyDepth) {
    const given = typeof text === "string" ? JSON.stringify(text) : typeof text;
    throw new TypeError(`${option} must be a path such as items.*.card, got ${given}`);
  }
  return path;
}

function stepsOf(text: string): readonly Step[] | undefined {
  const path: Step[] = [];
  stepPattern.lastIndex = 0;
  while (stepPattern.lastIndex < text.length) {
    const match = stepPattern.exec(text);
    if (match === null) return undefined;
    const [, key, index, ...quoted] = match;
    path.push(stepOf(key ?? index) ?? quoted[0] ?? quoted[1] ?? "");
  }
  return path;
}

function stepOf(key: string | undefined): Step | undefined {
  return key === "*" ? anyKey : key === "**" ? anyDepth : key;
}

/** Stands for what is left of the paths when one of them has ended. */
export const hit: unique symbol = Symbol("hit");

/** What is left of these paths behind a key, or {@link hit} if one of them ends with it. */
export function behind(paths: readonly RedactPath[], key: string): readonly RedactPath[] | typeof hit {
  if (paths.length === 0) return paths;
  const left: RedactPath[] = [];
  for (const path of paths) if (endsWith(path, key, left)) return hit;
  return left;
}

/** Whether the path ends with the key; if not, what is left of it is added. */
function endsWith(path: RedactPath, key: string, left: RedactPath[]): boolean {
  const { step, rest } = path;
  if (step === anyDepth) {
    left.push(path);
    return rest !== undefined && endsWith(rest, key, left);
  }
  if (step !== anyKey && step !== key) return false;
  if (rest === undefined) return true;
  left.push(rest);
  return false;
}
