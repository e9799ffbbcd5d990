import type { ServerResponse } from "node:http";
import type { Clock } from "@breakwater/core";
import type { ReplyStream } from "../front/reply.ts";

/**
 * How a body that is there as a whole goes out, and why.
 *
 * `response.end(body)` makes two writes of it, the second empty, and sends them as a vector; that costs a sixth of all that a
 * small request costs. Written and let through before the end, head and body leave as one.
 *
 * A client that takes nothing is cut off. The kernel takes most answers at once, and they cost no timer. For what it leaves a
 * small body gets `stalledMs` as a whole; a larger one is sent as a stream.
 */
const largestBytes = 131_072;

/** Whether it is to be sent as a stream. */
export function isLarge(body: string | Uint8Array): boolean {
  return body.length > largestBytes;
}

/** A large body as the stream that it is sent as. */
export async function* streamOf(body: string | Uint8Array): ReplyStream {
  yield await Promise.resolve(body);
}

/** Writes and ends a response whose head, with the length, is written. */
export function writeWhole(response: ServerResponse, body: string | Uint8Array): void {
  const { socket } = response;
  // Without a socket it waits for the answers to earlier requests of a pipeline.
  if (socket === null) {
    response.end(body);
    return;
  }
  socket.cork(); // or the response does, and lets through a tick later
  response.write(body);
  socket.uncork();
  response.end();
}

/** Calls back when the client takes nothing of what the kernel has left. */
export function watchStall(response: ServerResponse, { clock, stalledMs }: { readonly clock: Clock; readonly stalledMs: number }, stalled: () => void): void {
  if (response.writableFinished) return;
  if (response.socket === null) {
    // Behind others of its pipeline: it can be taken from when its turn has come.
    response.once("socket", () => process.nextTick(watchStall, response, { clock, stalledMs }, stalled));
    return;
  }
  if (response.writableLength === 0 && response.socket.writableLength === 0) return;
  const timer = clock.setTimer(stalled, stalledMs);
  response.once("close", () => timer.cancel());
}
