import { StatusError } from "./status-error.ts";

// `application/json`, `application/problem+json`; with nothing but a charset that is UTF-8, the only one that JSON has.
const jsonMedia = /^application\/(?:[\w.!#$&^-]+\+)?json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-?8"?[ \t]*)?$/i;

/** @throws StatusError 415 when a body of this type, or in this coding, is not read. */
export function checkJsonMedia(contentType: string | null | undefined, contentEncoding: string | null | undefined): void {
  checkCoding(contentEncoding);
  if (contentType === "application/json") return;
  if (contentType === null || contentType === undefined || !jsonMedia.test(contentType)) {
    throw new StatusError(415, "the body must be application/json", { reason: "media-type", headers: { accept: "application/json" } });
  }
}

/** @throws StatusError 415 when the body is compressed: a small one may unfold to a huge one, so none is unfolded here. */
export function checkCoding(contentEncoding: string | null | undefined): void {
  if (contentEncoding === null || contentEncoding === undefined || contentEncoding.toLowerCase() === "identity") return;
  throw new StatusError(415, "the body must not be compressed", { reason: "content-encoding", headers: { "accept-encoding": "identity" } });
}

/** @throws StatusError 400 when it is no JSON. The parser's message is kept as the cause: it quotes the body. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new StatusError(400, "the body is not valid JSON", { reason: "json", cause });
  }
}

/** The answer when more came than may. */
export function tooLarge(maxBodyBytes: number): StatusError {
  return new StatusError(413, `the body is larger than ${maxBodyBytes} bytes`, { reason: "body-size" });
}

/** The answer to bytes that are no UTF-8. */
export function notUtf8(): StatusError {
  return new StatusError(400, "the body is not valid UTF-8", { reason: "utf-8" });
}
