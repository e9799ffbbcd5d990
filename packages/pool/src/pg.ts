export { pgPool, type PgPoolOptions } from "./pg/pg-pool.ts";
export type { PgClient } from "./pg/client.ts";
export type { ResetPolicy } from "./pg/reset.ts";
export { isConnectionError } from "./pg/connection-error.ts";
