import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { onlooker } from "../front/onlooker.ts";

/**
 * Tells of each socket that somebody takes over from the server, by an upgrade or a CONNECT.
 *
 * Node hands them over when somebody listens, and otherwise answers or closes by itself. So this listens only while others do.
 */
export function watchHandovers(server: Server, taken: (socket: Duplex) => void): void {
  watch(server, "upgrade", taken);
  watch(server, "connect", taken);
}

function watch(server: Server, event: "upgrade" | "connect", taken: (socket: Duplex) => void): void {
  let isListening = false;
  const listener = onlooker((_: IncomingMessage, socket: Duplex): void => taken(socket));
  server.on("newListener", (name) => {
    if (name !== event || isListening) return;
    isListening = true;
    server.on(event, listener); // in front of the one that is being added
  });
  server.on("removeListener", (name, removed) => {
    if (name !== event || !isListening) return;
    if (removed === listener) isListening = false;
    else if (server.listenerCount(event) === 1) server.off(event, listener);
  });
}
