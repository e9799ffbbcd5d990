import { Breaker, consecutiveFailures } from "@breakwater/breaker";
import { isRejected, type Call, type Meter, type Outcome } from "@breakwater/core";
import type { Pool } from "@breakwater/pool";
import { pgPool } from "@breakwater/pool/pg";
import { Client, type QueryResultRow } from "pg";
import { databaseMs } from "../workload.ts";
import { blame } from "./blame.ts";
import type { ServiceConfig } from "./service-config.ts";

const orderQuery = "select pg_sleep($1), $2::text as data";
const noteQuery = "insert into notes (id) values ($1) on conflict do nothing";
const productQuery = "select 'product ' || $1::int as product";

/**
 * A refusal says nothing about what is refused, but for this one: the pool has tried to connect, maybe for nobody, and there is no
 * database.
 */
function outcomeOf(result: PromiseSettledResult<unknown>): Outcome | undefined {
  const isDown = result.status === "rejected" && isRejected(result.reason) && result.reason.code === "ERR_POOL_UNAVAILABLE";
  return isDown ? "failure" : undefined;
}

/** PostgreSQL through pooled connections, and a breaker round the pool: when the database is gone nobody waits for the next connect. */
export class Database {
  readonly pool: Pool<Client>;
  readonly breaker: Breaker;

  constructor({ databaseUrl, maxConnections, timeoutMs, breakMs }: ServiceConfig, meter: Meter) {
    this.breaker = new Breaker({ name: "postgres", trip: consecutiveFailures(3), breakMs, classify: outcomeOf, meter });
    this.pool = pgPool({
      name: "postgres",
      min: maxConnections, // they are all made before requests come
      max: maxConnections,
      maxConnecting: 10,
      acquireTimeoutMs: timeoutMs,
      retryMaxMs: 500,
      meter,
      client: () => new Client({ connectionString: databaseUrl }),
    });
  }

  /** Takes 10 ms of a connection. */
  async order(data: string, call: Call): Promise<string> {
    const [row] = await this.#ask<{ data: string }>(orderQuery, [databaseMs / 1000, data], call);
    return row?.data ?? "";
  }

  /** Kept once this has resolved. The table is whoever's who wants notes. */
  async note(id: number, call: Call): Promise<void> {
    await this.#ask(noteQuery, [id], call);
  }

  async product(id: number, call: Call): Promise<string> {
    const [row] = await this.#ask<{ product: string }>(productQuery, [id], call);
    return row?.product ?? "";
  }

  #ask<Row extends QueryResultRow>(text: string, values: readonly unknown[], call: Call): Promise<Row[]> {
    const work = async (client: Client): Promise<Row[]> => (await client.query<Row>(text, [...values])).rows;
    return blame("postgres", () => this.breaker.run(() => this.pool.use(work, call), call), call);
  }
}
