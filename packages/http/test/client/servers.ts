import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A server on a port of its own, which a test can ask for its connections. It ends with the test. */
export interface TestServer {
  readonly url: string;
  readonly server: Server;
  /**
   * Answers whose connection is held now: begun, and neither ended nor cut off. Connections themselves say nothing, because the
   * platform's fetch opens another for the next request when it has closed one.
   */
  readonly held: ReadonlySet<ServerResponse>;
  readonly requests: readonly IncomingMessage[];
}

export async function serve(handler: RequestListener): Promise<TestServer> {
  const held = new Set<ServerResponse>();
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    held.add(response);
    response.on("close", () => held.delete(response));
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { url: `http://127.0.0.1:${port}`, server, held, requests };
}

/** Answers with so much of a body, and never ends it. */
export function endless(response: ServerResponse, status = 200): void {
  response.writeHead(status, { "content-type": "text/plain" });
  response.write("x".repeat(100_000));
}

/** Until it holds; the test's own timeout is the bound. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
