/** A text format in which metrics leave the process. */
export type Format = "prometheus" | "openmetrics";

/** The Content-Type of {@link Metrics.prometheus}. Prometheus 3 fails a scrape that has none. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8";

const contentTypes: Readonly<Record<Format, string>> = {
  prometheus: contentType,
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The Content-Type of a format: text 0.0.4 of Prometheus, or OpenMetrics 1.0.0. */
export function contentTypeOf(format: Format): string {
  return contentTypes[format];
}

/** @throws RangeError naming the value. */
export function checkFormat(format: Format): Format {
  if (Object.hasOwn(contentTypes, format)) return format;
  throw new RangeError(`format must be "prometheus" or "openmetrics", got ${JSON.stringify(format)}`);
}
