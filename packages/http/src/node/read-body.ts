import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { checkCoding, checkJsonMedia, notUtf8, parseJson, tooLarge } from "../front/json-media.ts";
import type { BodyForm } from "../front/route-settings.ts";
import type { HttpRoute } from "./route.ts";

/** Whether a body follows the head. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
}

/** @throws StatusError 415 or 413 for what the head alone tells. */
export function checkHead({ headers }: IncomingMessage, { body, maxBodyBytes }: HttpRoute): void {
  if (body === "json") checkJsonMedia(headers["content-type"], headers["content-encoding"]);
  else if (body !== "raw") checkCoding(headers["content-encoding"]);
  // The parser lets nothing but digits through.
  if (body !== "raw" && Number(headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
}

export type BodyRead = (error: Error | undefined, bytes: Buffer) => void;

const nothing = Buffer.alloc(0);

/**
 * Collects a body. It stops as soon as more has come than may, whatever the head had said, and keeps nothing then; the stream is
 * left paused. Calls back once, and never when the client goes away first.
 */
export function readBody(message: IncomingMessage, maxBodyBytes: number, done: BodyRead): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= maxBodyBytes) return void chunks.push(chunk);
    leave();
    message.pause();
    done(tooLarge(maxBodyBytes), nothing);
  };
  const onEnd = (): void => {
    leave();
    const [first = nothing] = chunks;
    done(undefined, chunks.length === 1 ? first : Buffer.concat(chunks, size));
  };
  const leave = (): void => {
    message.off("data", onData).off("end", onEnd);
  };
  message.on("data", onData).on("end", onEnd);
}

/** @throws StatusError 400 for what is no UTF-8 or no JSON. */
export function parseBody(bytes: Buffer, body: BodyForm): unknown {
  if (body === "bytes") return bytes;
  if (!isUtf8(bytes)) throw notUtf8();
  const text = bytes.toString();
  return body === "text" ? text : parseJson(text);
}
