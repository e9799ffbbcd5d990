export { pgPool, type PgPoolOptions } from "./pg/pg-pool.ts";
export type { PgClient, TransactionStatus } from "./pg/client.ts";
export type { ResetPolicy } from "./pg/reset.ts";
export { isConnectionError } from "./pg/connection-error.ts";
