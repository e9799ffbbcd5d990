import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentType, contentTypeOf, negotiate, type Format } from "@breakwater/metrics";
import { acceptsGzip } from "../../src/exposition/negotiate.ts";

const open = "application/openmetrics-text";

describe("negotiation of the format", () => {
  it.each<[accept: string | null | undefined, format: Format, why: string]>([
    [undefined, "prometheus", "no header"],
    [null, "prometheus", "no header, as fetch says it"],
    ["", "prometheus", "an empty header"],
    ["*/*", "prometheus", "curl"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "prometheus", "a browser"],
    [open, "openmetrics", "OpenMetrics alone"],
    ["text/plain", "prometheus", "text alone"],
    [`${open};version=1.0.0,${open};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`, "openmetrics", "Prometheus 2.42"],
    [`application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,${open};version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`, "openmetrics", "Prometheus with native histograms"],
    [`${open};version=1.0.0;escaping=allow-utf-8;q=0.5,${open};version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1`, "openmetrics", "Prometheus 3"],
    ["text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "prometheus", "Prometheus 3 that was told to read text"],
    [`${open};q=0.4, text/plain;q=0.5`, "prometheus", "text preferred"],
    [`text/plain;q=0.5, ${open};q=0.9`, "openmetrics", "the order does not count, the quality does"],
    [`${open}, text/plain`, "openmetrics", "equals: the first one"],
    [`text/plain, ${open}`, "prometheus", "equals: the first one"],
    [`*/*, ${open}`, "openmetrics", "what is named before what is not"],
    [`${open};q=0`, "prometheus", "OpenMetrics refused"],
    [`${open};q=0, text/plain;q=0, */*`, "prometheus", "everything that there is refused"],
    [`${open};q=0.1, text/plain;q=0, */*`, "openmetrics", "the wildcard does not bring back what is refused by name"],
    [`${open};version=2.0.0, text/plain;version=0.0.4;q=0.1`, "prometheus", "a version that is not there"],
    [`${open};version=0.0.1`, "prometheus", "an old version alone"],
    [`Application/OpenMetrics-Text ; Version="1.0.0" ; Q=0.9 , text/plain;q=0.5`, "openmetrics", "capitals, quotes and blanks"],
    [`${open};q=high`, "openmetrics", "a quality that is no number counts as not given"],
    ["application/json", "prometheus", "neither of the two: text all the same"],
    [";;,,=;q", "prometheus", "no header at all"],
  ])("answers %j with %s: %s", (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });

  it("never throws, whatever a client sends", () => {
    const piece = fc.constantFrom("text/plain", open, "*/*", ";", ",", "q=", "0.5", "version=", "1.0.0", '"', " ", "=", "/");
    const header = fc.oneof(fc.string(), fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")));
    fc.assert(fc.property(header, (accept) => { expect(["prometheus", "openmetrics"]).toContain(negotiate(accept)); }));
  });

  it("names the content type of each format", () => {
    expect(contentTypeOf("prometheus")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(contentTypeOf("openmetrics")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(contentType).toBe(contentTypeOf("prometheus"));
  });
});

describe("negotiation of gzip", () => {
  it.each([
    [undefined, false],
    ["", false],
    ["gzip", true],
    ["deflate, GZIP;q=0.5", true],
    ["br, *", true],
    ["*;q=0", false],
    ["gzip;q=0, *", false],
    ["identity", false],
    ["gzip;q=0.5, identity", false],
    ["identity;q=0.5, gzip", true],
    ["identity, gzip", true],
    ["gzip;q=0.5, *;q=0.1", true],
    ["gzip;q=0.5, identity;q=0", true],
    ["xgzipx", false],
  ] as const)("takes %j as %s", (accepted, answer) => {
    expect(acceptsGzip(accepted)).toBe(answer);
  });
});
