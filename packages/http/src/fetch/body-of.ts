import { checkCoding, checkJsonMedia, notUtf8, parseJson, tooLarge } from "../front/json-media.ts";
import type { BodyForm, RouteSettings } from "../front/route-settings.ts";
import { StatusError } from "../front/status-error.ts";

/**
 * The body of a request in the form that is asked for; undefined when there is none. No more is read than may come.
 *
 * @param read - has all bytes, where somebody has read the stream before
 * @throws StatusError 400, 413 or 415.
 */
export async function bodyOf(request: Request, { body, maxBodyBytes }: RouteSettings, read?: () => Promise<ArrayBuffer>): Promise<unknown> {
  // These never have one, and asking some servers for it costs.
  if (body === "raw" || request.method === "GET" || request.method === "HEAD") return undefined;
  const stream = request.body;
  if (stream === null) return undefined;
  const { headers } = request;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  if (length === 0) return undefined;
  if (body === "json") checkJsonMedia(headers.get("content-type"), headers.get("content-encoding"));
  else checkCoding(headers.get("content-encoding"));
  if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const bytes = request.bodyUsed && read !== undefined ? await reread(read, maxBodyBytes) : await readAll(stream, maxBodyBytes);
  return parse(bytes, body);
}

async function reread(read: () => Promise<ArrayBuffer>, maxBodyBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await read());
  if (bytes.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return bytes;
}

async function readAll(stream: ReadableStream<Uint8Array>, maxBodyBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(brokenOff);
      if (done) return joined(chunks, size);
      size += value.length;
      if (size > maxBodyBytes) throw tooLarge(maxBodyBytes);
      chunks.push(value);
    }
  } catch (error) {
    // Not awaited: the answer does not depend on it.
    void reader.cancel(error).catch(() => undefined);
    throw error;
  }
}

function brokenOff(cause: unknown): never {
  throw new StatusError(400, "the body ended before it was complete", { reason: "body-end", cause });
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

// A byte order mark is no JSON, and of a text it stays: the other front end has it so too.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parse(bytes: Uint8Array, body: BodyForm): unknown {
  if (body === "bytes") return bytes;
  const text = decoded(bytes);
  return body === "text" ? text : parseJson(text);
}

function decoded(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw notUtf8();
  }
}
