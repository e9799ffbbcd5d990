import type { Duplex } from "node:stream";
import type { Clock } from "@breakwater/core";
import { lingerMs } from "./linger.ts";

const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

const answered = new WeakSet<Duplex>();

/**
 * Answers bytes that are no request, or a request that takes too long to come: there is no response object for them.
 *
 * The client may be in the middle of 10 MB of head. Closed at once, the connection would be reset by what is under way, and the answer
 * lost; so it stays for a moment, or until the client closes it, and what still comes is not looked at.
 *
 * @param isAnswering - whether an answer to this connection is under way: a second one in its middle would be read as part of it
 */
export function answerClientError(error: Error & { readonly code?: string | undefined }, socket: Duplex, isAnswering: boolean, clock: Clock): void {
  if (answered.has(socket)) return; // the parser complains of each further piece
  if (!socket.writable || isAnswering || error.code === "ECONNRESET") return void socket.destroy();
  const status = statuses[error.code ?? ""] ?? "400 Bad Request";
  const title = status.slice(4);
  const body = JSON.stringify({ type: "about:blank", title, status: Number(status.slice(0, 3)) });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n`;
  answered.add(socket);
  socket.end(`${head}\r\n${body}`);
  const timer = clock.setTimer(() => socket.destroy(), lingerMs);
  socket.once("close", () => timer.cancel());
}
