import { abandon, brokenOff } from "../front/abandon.ts";
import type { ReplyStream } from "../front/reply.ts";
import type { Arrival } from "./arrival.ts";

/**
 * A stream as the body of a Response. The next piece is asked for when the platform wants one, so a slow client holds up its source
 * and nothing else. When the client goes, which the platform says by cancelling the body or by the request's signal, the source's
 * `return` is called and the call's signal aborted.
 *
 * @param failed - hears what the source threw; the body fails as well, so that nobody takes it for complete
 */
export function streamed(source: ReplyStream, arrival: Arrival, failed: (error: unknown) => void): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    arrival.whenGone(() => {
      abandon(source, iterator);
      // A platform that cancels the body as well does it in this turn, and would report an error.
      queueMicrotask(() => controller.error(arrival.signal.reason));
    });
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      const next = await iterator.next();
      if (arrival.isAborted) return;
      if (next.done !== true) {
        controller.enqueue(typeof next.value === "string" ? encoder.encode(next.value) : next.value);
        return;
      }
      arrival.release();
      controller.close();
    } catch (error) {
      if (arrival.isAborted) return;
      arrival.release();
      abandon(source, iterator);
      failed(error);
      controller.error(brokenOff());
    }
  };
  return new ReadableStream({ start, pull, cancel: () => arrival.gone() }, { highWaterMark: 0 });
}

/** A Response that the service made itself. Its body is followed too where the call's signal is in use. */
export function followed(response: Response, arrival: Arrival): Response {
  const { body } = response;
  if (body === null || !arrival.isWatched) {
    arrival.release();
    return response;
  }
  const reader = body.getReader();
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    arrival.whenGone(() => {
      const { reason } = arrival.signal as { readonly reason: unknown };
      reader.cancel(reason).catch(() => undefined);
      queueMicrotask(() => controller.error(reason)); // as above
    });
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      const next = await reader.read();
      if (arrival.isAborted) return;
      if (!next.done) {
        controller.enqueue(next.value as Uint8Array); // a body's pieces are bytes
        return;
      }
    } catch (error) {
      arrival.release();
      throw error;
    }
    arrival.release();
    controller.close();
  };
  return new Response(new ReadableStream({ start, pull, cancel: () => arrival.gone() }, { highWaterMark: 0 }), response);
}
