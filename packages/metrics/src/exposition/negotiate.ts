import type { Format } from "./format.ts";

/**
 * Which format the reader wants, by HTTP's rules for `Accept`.
 *
 * Each format takes the quality of the most exact range that covers it, so `text/plain;q=0` refuses what a wildcard at
 * its end would let in. The higher quality wins. OpenMetrics is sent only to a reader that names it: a wildcard alone comes
 * from curl and browsers, which want text that they show. Between equals the one named first wins.
 *
 * An Accept header that allows neither still gets text 0.0.4. HTTP would let us answer 406, but a reader that cannot be
 * served as it wishes is better off with the text that every Prometheus reads than with nothing.
 * Rules: https://prometheus.io/docs/instrumenting/content_negotiation/ and RFC 9110, section 12.5.1.
 */
interface Offer {
  readonly type: string;
  readonly subtype: string;
  readonly version: string;
}

interface Range extends Offer {
  readonly q: number;
  readonly position: number;
}

interface Match {
  readonly q: number;
  /** 3 names type and version, 2 the type, 1 its first half, 0 is a wildcard, -1 nothing covers the format. */
  readonly exactness: number;
  readonly position: number;
}

const text: Offer = { type: "text", subtype: "plain", version: "0.0.4" };
const openMetrics: Offer = { type: "application", subtype: "openmetrics-text", version: "1.0.0" };
const nothing: Match = { q: 0, exactness: -1, position: Infinity };

/**
 * The format for this `Accept` header: the supported one with the highest `q`, else text 0.0.4. Other parameters, such as
 * Prometheus 3's `escaping=allow-utf-8`, are read over: names are always within what every reader knows. Never throws.
 */
export function negotiate(accept: string | null | undefined): Format {
  const ranges = (accept ?? "").split(",").map(rangeOf);
  const plain = bestMatch(ranges, text);
  const open = bestMatch(ranges, openMetrics);
  if (open.exactness < 2 || open.q === 0) return "prometheus";
  const isPreferred = open.q > plain.q || (open.q === plain.q && (plain.exactness < 2 || open.position < plain.position));
  return isPreferred ? "openmetrics" : "prometheus";
}

/** Whether a reader with this `Accept-Encoding` header takes gzip, and would not rather have the text as it is. */
export function acceptsGzip(acceptEncoding: string | null | undefined): boolean {
  const codings = (acceptEncoding ?? "").split(",").map((part) => {
    const [name = "", ...parameters] = part.split(";");
    return { name: name.trim().toLowerCase(), q: qualityOf(parametersOf(parameters)) };
  });
  const asked = codings.find(({ name }) => name === "gzip" || name === "x-gzip") ?? codings.find(({ name }) => name === "*");
  const plain = codings.find(({ name }) => name === "identity")?.q ?? 0;
  return asked !== undefined && asked.q > 0 && asked.q >= plain;
}

function rangeOf(part: string, position: number): Range {
  const [media = "", ...rest] = part.split(";");
  const [type = "", subtype = ""] = media.trim().toLowerCase().split("/");
  const parameters = parametersOf(rest);
  return { type, subtype, version: parameters.get("version") ?? "", q: qualityOf(parameters), position };
}

function parametersOf(parts: readonly string[]): Map<string, string> {
  return new Map(
    parts.map((part) => {
      const [key = "", value = ""] = part.split("=");
      return [key.trim().toLowerCase(), value.replaceAll('"', "").trim()];
    }),
  );
}

// What cannot be read as a number counts as not given.
function qualityOf(parameters: ReadonlyMap<string, string>): number {
  const given = parameters.get("q") ?? "";
  const q = given === "" ? 1 : Number(given);
  return Number.isNaN(q) ? 1 : Math.min(Math.max(q, 0), 1);
}

function bestMatch(ranges: readonly Range[], offer: Offer): Match {
  let best = nothing;
  for (const range of ranges) {
    const exactness = exactnessOf(range, offer);
    if (exactness > best.exactness || (exactness === best.exactness && exactness >= 0 && range.q > best.q)) {
      best = { q: range.q, exactness, position: range.position };
    }
  }
  return best;
}

function exactnessOf(range: Range, offer: Offer): number {
  if (range.type === "*" && range.subtype === "*") return 0;
  if (range.type !== offer.type) return -1;
  if (range.subtype === "*") return 1;
  if (range.subtype !== offer.subtype) return -1;
  if (range.version === "") return 2;
  return range.version === offer.version ? 3 : -1;
}
