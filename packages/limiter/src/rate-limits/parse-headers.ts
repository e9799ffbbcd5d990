/** What a server said about its limit. What it did not say, or what makes no sense, is left out. */
export interface RateLimitReport {
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowMs?: number;
  readonly resetAfterMs?: number;
  readonly retryAfterMs?: number;
  /** Which of its limits, where it names them. */
  readonly policyName?: string;
}

/** As `Headers` of fetch, */
export interface HeadersLike {
  get(name: string): string | null;
}

/** or as Node's and most libraries' plain objects. */
export type HeaderSource = HeadersLike | Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** One member of a structured field's list: a name, if it has one, and its parameters. */
interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, number>;
}

/**
 * Reads what a server says about its limit, in any of the versions that {@link rateLimitHeaders} writes, and `Retry-After`
 * (seconds or a date), for whoever paces the calls to it. Of several limits in one field it is the one with the least left.
 *
 * `now` is the wall clock's, for dates; default `Date.now()`.
 */
export function parseRateLimitHeaders(headers: HeaderSource, now: number = Date.now()): RateLimitReport {
  const read = readerOf(headers);
  const current = tightest(itemsOf(read("ratelimit")));
  const policies = itemsOf(read("ratelimit-policy"));
  const policy = policies.find(({ name }) => name === current?.name) ?? policies[0];
  const old = (noun: string): number | undefined => number(read(`ratelimit-${noun}`)) ?? number(read(`x-ratelimit-${noun}`));
  const of = (item: Item | undefined, name: string): number | undefined => item?.parameters.get(name);
  const name = current?.name ?? policy?.name ?? "";
  const report = {
    limit: of(policy, "q") ?? of(current, "limit") ?? old("limit") ?? number(policy?.name),
    remaining: of(current, "r") ?? of(current, "remaining") ?? old("remaining"),
    windowMs: toMs(of(policy, "w")),
    resetAfterMs: toMs(of(current, "t") ?? of(current, "reset") ?? sinceEpoch(old("reset"), now)),
    retryAfterMs: retryAfter(read("retry-after"), now),
    policyName: of(policy, "q") === undefined && of(current, "r") === undefined ? undefined : name,
  };
  return Object.fromEntries(Object.entries(report).filter(([, value]) => value !== undefined));
}

function readerOf(headers: HeaderSource): (name: string) => string | undefined {
  if (isHeaders(headers)) return (name) => headers.get(name) ?? undefined;
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => {
    const value = byName.get(name);
    return typeof value === "object" ? value.join(", ") : value?.toString();
  };
}

function isHeaders(headers: HeaderSource): headers is HeadersLike {
  return "get" in headers && typeof headers.get === "function";
}

// A list of members, each `"name"` or `token` and then `;parameter=number`s; draft-7's is one of `parameter=number`s alone.
function itemsOf(field: string | undefined): Item[] {
  const members = field?.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  const items = members.map((member) => itemOf(member.trim()));
  if (items.length < 2 || items.some(({ name }) => name !== "")) return items;
  return [{ name: "", parameters: new Map(items.flatMap(({ parameters }) => [...parameters])) }];
}

function itemOf(member: string): Item {
  const [, quoted, token] = /^(?:"((?:\\.|[^"\\])*)"|([^=;\s]+)(?=\s*(?:;|$)))?/.exec(member) ?? [];
  const rest = quoted !== undefined ? member.slice(quoted.length + 2) : member.slice(token?.length ?? 0);
  const parameters = new Map<string, number>();
  for (const [, key = "", value] of rest.matchAll(/(?:^|;)\s*([a-z*][\w*.-]*)\s*=\s*"?(\d+)/gi)) {
    parameters.set(key.toLowerCase(), Number(value));
  }
  return { name: quoted?.replace(/\\(.)/g, "$1") ?? token ?? "", parameters };
}

function tightest(items: readonly Item[]): Item | undefined {
  const left = ({ parameters }: Item): number => parameters.get("r") ?? Infinity;
  return items.length === 0 ? undefined : items.reduce((one, other) => (left(other) < left(one) ? other : one));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function toMs(secs: number | undefined): number | undefined {
  return secs === undefined ? undefined : 1000 * secs;
}

// Many servers send when the window ends, in seconds or ms since 1970, rather than how long it lasts.
function sinceEpoch(reset: number | undefined, now: number): number | undefined {
  if (reset === undefined || reset < 1e9) return reset;
  return Math.max(0, (reset < 1e11 ? reset : reset / 1000) - now / 1000);
}

function retryAfter(text: string | undefined, now: number): number | undefined {
  const secs = number(text);
  if (secs !== undefined) return 1000 * secs;
  const date = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
