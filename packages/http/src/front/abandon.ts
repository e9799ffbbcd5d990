import { isReply, type ReplyStream } from "./reply.ts";

/**
 * Nobody reads it any more. Not awaited: a generator that waits for its next event answers when that comes. A Readable is
 * destroyed, since its iterator would wait in the same way. Never throws: a stream that somebody else reads cannot be let go of here.
 */
export function abandon(stream: ReplyStream, iterator?: AsyncIterator<unknown>): void {
  const { destroy } = stream as { readonly destroy?: (() => void) | undefined }; // a Readable has it
  try {
    if (typeof destroy === "function") destroy.call(stream);
    Promise.resolve((iterator ?? stream[Symbol.asyncIterator]()).return?.()).catch(() => undefined);
  } catch {
    // nobody is left who could hear of it
  }
}

/** What nobody will read is told so, where it is a stream. */
export function discard(out: unknown): void {
  const body = isReply(out) ? out.body : out;
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body) abandon(body as ReplyStream); // it has the method
}

/** In the place of what a stream threw: some servers send the message of it to the client. */
export function brokenOff(): Error {
  return new Error("the answer was broken off");
}
