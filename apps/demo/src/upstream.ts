/**
 * The external API of the real test: a process of its own, which answers GET /external/ID after 50 ms, with 503 when
 * the query says `fail`. It listens on the loopback port that it is given, tells its parent so, and dies with it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { apiMs } from "./workload.ts";

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://upstream");
  setTimeout(() => {
    const isFailing = url.searchParams.has("fail");
    response.writeHead(isFailing ? 503 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isFailing ? { error: "asked to fail" } : { data: "external_api_result" }));
  }, apiMs);
}

const server = createServer(answer);
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.send?.("listening"));
process.on("disconnect", () => process.exit(0));
// A terminal sends Ctrl-C to the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);
