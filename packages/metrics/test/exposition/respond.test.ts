import { gunzipSync } from "node:zlib";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contentTypeOf, expose, Metrics, negotiate, renderText, respond, type Exposable, type Registry } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics({ clock: new ManualClock() });
  for (let n = 0; n < 200; n++) metrics.histogram("wait", { unit: "s", attributes: { n } }).record(n);
});

const requestWith = (headers: Record<string, string>, method = "GET"): Request => new Request("http://localhost/metrics", { method, headers });

describe("an answer to a scrape", () => {
  it("is text 0.0.4 by default, with its content type and what it depends on", async () => {
    const response = respond(metrics, requestWith({}));
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({ "content-type": contentTypeOf("prometheus"), vary: "Accept, Accept-Encoding" });
    expect(await response.text()).toBe(metrics.prometheus());
  });

  it("is OpenMetrics for a reader that prefers it", async () => {
    const response = respond(metrics, requestWith({ accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" }));
    expect(response.headers.get("content-type")).toBe(contentTypeOf("openmetrics"));
    expect(await response.text()).toBe(renderText(metrics, "openmetrics"));
  });

  it("is gzipped for a reader that takes that", async () => {
    const response = respond(metrics, requestWith({ "accept-encoding": "gzip" }));
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(await response.arrayBuffer()).toString()).toBe(metrics.prometheus());
    expect(respond(metrics, requestWith({ "accept-encoding": "gzip;q=0" })).headers.has("content-encoding")).toBe(false);
  });

  it("has the same headers and no body for HEAD, and refuses other methods", async () => {
    const head = respond(metrics, requestWith({}, "HEAD"));
    expect(head.headers.get("content-type")).toBe(contentTypeOf("prometheus"));
    expect(head.body).toBeNull();
    const post = respond(metrics, requestWith({}, "POST"));
    expect([post.status, post.headers.get("allow"), post.body]).toEqual([405, "GET, HEAD", null]);
  });

  it("writes a snapshot as well as a registry", async () => {
    expect(await respond(metrics.snapshot(), requestWith({})).text()).toBe(metrics.prometheus());
  });

  it("is UTF-8, also where a character needs four bytes", async () => {
    metrics.counter("c", { attributes: { a: "é\u{1F600}" } }).add(1);
    const bytes = Buffer.from(await respond(metrics, requestWith({}), { chunkLength: 1 }).arrayBuffer());
    expect(bytes.toString("utf8")).toContain('c_total{a="é\u{1F600}"} 1\n');
  });

  it("stops the work when the reader goes away", async () => {
    let reads = 0;
    const own = new Metrics();
    for (let n = 0; n < 50; n++) own.gauge("g", () => (reads += 1), { attributes: { n } });
    const reader = respond(own, requestWith({}), { chunkLength: 1 }).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const readsThen = reads;
    await new Promise(setImmediate);
    expect(reads).toBe(readsThen);
    expect(reads).toBeLessThan(5);
  });

  it("stops the work when the reader of a zipped text goes away, and rejects nothing that nobody awaits", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
    };
    let reads = 0;
    const own = new Metrics({ maxSeries: Infinity });
    for (let n = 0; n < 20_000; n++) own.gauge("g", () => (reads += 1), { attributes: { n } });
    const reader = respond(own, requestWith({ "accept-encoding": "gzip" }), { chunkLength: 1, sliceMs: 0 }).body?.getReader(); // a turn for each
    await reader?.read();
    await reader?.cancel("gone");
    await turns(20);
    const readsThen = reads;
    await turns(50);
    expect(reads).toBe(readsThen);
    expect(reads).toBeLessThan(20_000);
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("fails its body when something throws midway, gzipped or not", async () => {
    for (const headers of [{}, { "accept-encoding": "gzip" }]) {
      const response = respond(breaking(), requestWith(headers), { chunkLength: 1 });
      await expect(response.arrayBuffer()).rejects.toThrow("states are gone");
    }
  });
});

describe("a server of node:http", () => {
  let server: Server | undefined;
  afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : void server.close(() => resolve()))));

  async function serve(source: Exposable): Promise<number> {
    const listening = createServer((request, response) => {
      const format = negotiate(request.headers.accept);
      response.writeHead(200, { "content-type": contentTypeOf(format), vary: "Accept" });
      pipeline(Readable.from(expose(source, { format, chunkLength: 1000 })), response, () => undefined);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    return (listening.address() as AddressInfo).port; // of a TCP server it is no path
  }

  it("sends the text through a pipeline", async () => {
    const port = await serve(metrics);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept: "application/openmetrics-text" } });
    expect(response.headers.get("content-type")).toBe(contentTypeOf("openmetrics"));
    expect(await response.text()).toBe(renderText(metrics, "openmetrics"));
  });

  it("breaks the connection off when something throws midway, so that no scraper takes the part for the whole", async () => {
    const port = await serve(breaking());
    const outcome = await new Promise<string>((resolve) => {
      const asked = httpRequest({ port, host: "127.0.0.1" }, (response) => {
        response.resume();
        response.on("end", () => resolve("ended")).on("error", (error) => resolve(error.message));
      });
      asked.on("error", (error) => resolve(error.message)).end();
    });
    expect(outcome).not.toBe("ended");
  });
});

/** A registry whose second state set throws. */
function breaking(): Registry {
  const definition = { kind: "state set", name: "s", unit: "", description: "S.".repeat(1000), bounds: undefined } as const;
  const states = (isBroken: boolean) => () => {
    if (isBroken) throw new Error("states are gone");
    return new Map([["on", true]]);
  };
  const series = () => [false, true].map((isBroken) => ({ labels: { text: `a="${isBroken}"` }, instrument: { states: states(isBroken) } }));
  return { collection: () => ({ scalars: [], histograms: [], infos: [], stateSets: [{ definition, exposedName: "s", series }] }) };
}
