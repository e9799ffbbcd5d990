/** What a label must be: a value, or the alternatives of one. */
export type Matchers = Readonly<Record<string, string | readonly string[]>>;

/** Writes PromQL about the series that have these labels. */
export class PromQL {
  readonly #labels: Matchers;
  /** How far back rates look, e.g. `5m`. */
  readonly #window: string;

  constructor(labels: Matchers, window: string) {
    this.#labels = labels;
    this.#window = window;
  }

  /** The same, with another window. */
  over(window: string): PromQL {
    return new PromQL(this.#labels, window);
  }

  series(name: string, matchers: Matchers = {}): string {
    const all = Object.entries({ ...this.#labels, ...matchers }).map(([label, value]) => matcher(label, value));
    return all.length === 0 ? name : `${name}{${all.join(",")}}`;
  }

  /** Increase per second. Rate first, sum after: a sum of counters hides the reset of one. */
  rate(name: string, by: readonly string[] = [], matchers: Matchers = {}): string {
    return sum(by, `rate(${this.series(name, matchers)}[${this.#window}])`);
  }

  /** From the `le` buckets of all instances together; quantiles of each could not be added up. */
  quantile(quantile: number, name: string, by: readonly string[] = [], matchers: Matchers = {}): string {
    return `histogram_quantile(${quantile}, ${this.rate(`${name}_bucket`, ["le", ...by], matchers)})`;
  }

  total(name: string, by: readonly string[] = [], matchers: Matchers = {}): string {
    return sum(by, this.series(name, matchers));
  }

  max(name: string, by: readonly string[] = [], matchers: Matchers = {}): string {
    return aggregate("max", by, this.series(name, matchers));
  }
}

function sum(by: readonly string[], of: string): string {
  return aggregate("sum", by, of);
}

function aggregate(operator: string, by: readonly string[], of: string): string {
  return by.length === 0 ? `${operator}(${of})` : `${operator} by (${by.join(", ")}) (${of})`;
}

function matcher(label: string, value: string | readonly string[]): string {
  if (typeof value === "string") return `${label}=${quoted(value)}`;
  return `${label}=~${quoted(value.map(escapeRegExp).join("|"))}`;
}

// PromQL's quotes and escapes are Go's, of which those of JSON are a part.
function quoted(text: string): string {
  return JSON.stringify(text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
