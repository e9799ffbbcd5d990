import { expose, type ExposeOptions } from "./expose.ts";
import { contentTypeOf } from "./format.ts";
import { acceptsGzip, negotiate } from "./negotiate.ts";
import type { Exposable } from "./source.ts";

/** What is asked of a request; the platform's `Request` has it. */
export interface ScrapeRequest {
  readonly method?: string | undefined;
  readonly headers: { get(name: string): string | null };
}

/**
 * Answers a scrape in the platform's fetch form, as Deno, Bun, workers and Hono take it: the format that the reader
 * prefers, in chunks that let the event loop run, gzipped where that is accepted. HEAD gets the headers, and any method
 * but GET and HEAD a 405. When something throws midway the body fails, so that the server breaks the connection off
 * instead of ending a text that is incomplete.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function respond(source: Exposable, request: ScrapeRequest, options: Omit<ExposeOptions, "format"> = {}): Response {
  const method = request.method ?? "GET";
  if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  const format = negotiate(request.headers.get("accept"));
  const isZipped = acceptsGzip(request.headers.get("accept-encoding"));
  const headers: Record<string, string> = { "content-type": contentTypeOf(format), vary: "Accept, Accept-Encoding" };
  if (isZipped) headers["content-encoding"] = "gzip";
  if (method === "HEAD") return new Response(null, { headers });
  const body = bytesOf(expose(source, { ...options, format }));
  return new Response(isZipped ? body.pipeThrough(new CompressionStream("gzip")) : body, { headers });
}

function bytesOf(text: AsyncGenerator<string, void>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await text.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await text.return();
    },
  });
}
