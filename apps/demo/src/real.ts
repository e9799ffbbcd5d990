import { Breaker } from "@breakwater/breaker";
import { pgPool } from "@breakwater/pool/pg";
import { Client } from "pg";
import { ApiError, type Dependencies, type DependencyOptions } from "./dependencies.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";
import { UpstreamProcess } from "./upstream-process.ts";
import { databaseMs } from "./workload.ts";

// PostgreSQL admits 100 by default and keeps a few for its administrators; half of it is a guest's share.
const mostConnections = 50;
const query = "select pg_sleep($1), $2::text as data";

/** Nothing simulated: PostgreSQL through pooled connections, and HTTP to an upstream process. */
export function real({ workers, failing, meter }: DependencyOptions): Dependencies {
  const max = Math.min(workers, mostConnections);
  const upstream = new UpstreamProcess();
  let server: PostgresServer | undefined;
  const pool = pgPool({
    name: "postgres",
    min: max,
    max,
    maxConnecting: 10, // they are all made before the test begins
    meter,
    client: () => new Client({ connectionString: server?.connectionString }),
  });
  // Round the pool: when the database is gone, requests fail at once instead of each waiting for the next connect.
  const breaker = new Breaker({ name: "postgres", meter });
  const startServer = async (): Promise<void> => {
    server = await startPostgres(max + 10);
  };
  return {
    description: `PostgreSQL (${process.env.DATABASE_URL ? "DATABASE_URL" : "embedded"}) and an HTTP upstream`,
    resources: [
      { name: "postgres", start: startServer, stop: () => server?.stop(), startTimeoutMs: 60_000, stopTimeoutMs: 20_000 },
      { name: "connections", start: () => pool.start(), stop: () => pool.close() },
      { name: "upstream", start: () => upstream.start(), stop: () => upstream.stop() },
    ],
    query: (request, call) =>
      breaker.run(
        () =>
          pool.use(async (client) => {
            const { rows } = await client.query<{ data: string }>(query, [databaseMs / 1000, request.data]);
            return rows[0]?.data ?? "";
          }, call),
        call,
      ),
    callApi: async (request, { signal }) => {
      const url = `${upstream.origin}/external/${request.id}${failing.has(request.id) ? "?fail" : ""}`;
      const response = await fetch(url, signal === undefined ? {} : { signal });
      const body: unknown = await response.json(); // read in any case: an unread body holds its connection
      if (!response.ok) throw new ApiError(`the external API answered ${response.status}`);
      return body;
    },
    connections: () => ({ made: pool.stats.created, reused: pool.stats.reused }),
  };
}
