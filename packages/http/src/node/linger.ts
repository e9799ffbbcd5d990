import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@breakwater/core";

/** How long a client that is being refused may go on sending before the connection is closed under it. */
export const lingerMs = 1_000;

/**
 * Ends a response that refuses a request whose body is still coming.
 *
 * The client must get to read why. Closed at once, the connection would be reset by what is under way, and the answer lost; so the
 * rest is read and thrown away for a moment. One that waits for a 100 sends nothing, and needs no moment.
 */
export function endAfterBody(message: IncomingMessage, response: ServerResponse, clock: Clock, isExpectant: boolean): void {
  const end = (): void => {
    timer.cancel();
    response.end();
  };
  const timer = clock.setTimer(end, isExpectant ? 0 : lingerMs);
  message.once("end", end).once("close", end).on("error", () => undefined).resume();
}
