/** What a dashboard or rules can be about, in the order in which it is shown. */
export const patterns = [
  "service",
  "limiter",
  "pool",
  "breaker",
  "retry",
  "hedge",
  "deadline",
  "health",
  "runtime",
] as const;

export type Pattern = (typeof patterns)[number];

export interface SubjectOptions {
  /** The name that was given to `createService`. */
  readonly service: string;
  /** Labels that all series must have, e.g. `{ job: "shop" }`. Give them when one Prometheus sees several services. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** What to show or watch. Default: all. */
  readonly patterns?: readonly Pattern[] | undefined;
}

/** Complete and checked. */
export interface Subject {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly patterns: ReadonlySet<Pattern>;
}

/** @throws TypeError or RangeError naming the option and its value. */
export function checkSubject({ service, labels = {}, patterns: chosen = patterns }: SubjectOptions): Subject {
  checkText("service", service);
  for (const [label, value] of Object.entries(labels)) {
    checkText(`labels.${label}`, value);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(label)) throw new RangeError(`labels: ${JSON.stringify(label)} is no name of a label`);
  }
  for (const pattern of chosen) {
    if (!patterns.includes(pattern)) {
      throw new RangeError(`patterns must be of ${patterns.join(", ")}, got ${JSON.stringify(pattern)}`);
    }
  }
  return { service, labels: { ...labels }, patterns: new Set(chosen) };
}

/** @throws TypeError or RangeError naming the option. */
export function checkText(option: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${option} must be a string, got ${typeof value}`);
  if (value === "") throw new RangeError(`${option} must not be empty`);
}
