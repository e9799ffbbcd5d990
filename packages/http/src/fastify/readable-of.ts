import { Readable } from "node:stream";
import { abandon, brokenOff } from "../front/abandon.ts";
import type { ReplyStream } from "../front/reply.ts";

/**
 * A stream as fastify sends one. When the client goes fastify destroys it, and the source's `return` is called.
 *
 * @param failed - hears what the source threw; the answer is broken off
 */
export function readableOf(source: ReplyStream, failed: (error: unknown) => void): Readable {
  const iterator = source[Symbol.asyncIterator]();
  let isReading = false;
  const read = async (readable: Readable): Promise<void> => {
    try {
      const next = await iterator.next();
      isReading = false;
      if (!readable.destroyed) readable.push(next.done === true ? null : next.value);
    } catch (error) {
      isReading = false;
      if (readable.destroyed) return;
      failed(error);
      readable.destroy(brokenOff());
    }
  };
  return new Readable({
    highWaterMark: 0,
    read() {
      if (isReading) return;
      isReading = true;
      void read(this);
    },
    destroy(error, done) {
      abandon(source, iterator);
      done(error);
    },
  });
}
