import { checkFunction, systemClock } from "@breakwater/core";
import type { CreateContext, PoolOptions } from "../options.ts";
import { Pool } from "../pool.ts";
import { cancelQuery } from "./cancel.ts";
import { cut, ignore, type PgClient } from "./client.ts";
import { isConnectionError } from "./connection-error.ts";
import { resetConnection, type ResetPolicy } from "./reset.ts";

export interface PgPoolOptions<C extends PgClient>
  extends Omit<PoolOptions<C>, "create" | "destroy" | "validate" | "reset" | "cancel"> {
  /** Makes a client that is not connected yet: `() => new pg.Client(config)`. */
  readonly client: () => C;
  /** What is done before a connection goes to somebody else. Default `rollback`. */
  readonly resetPolicy?: ResetPolicy | undefined;
}

// A connect that takes longer than that is one to a host that is not there.
const createTimeoutMs = 10_000;
// As HikariCP has them: below what firewalls and servers allow an idle connection, and an old one.
const maxLifetimeMs = 1_800_000;
const keepaliveMs = 120_000;
// The pool's own default.
const destroyTimeoutMs = 5_000;

/**
 * A pool of PostgreSQL connections, which are clients of the package `pg`.
 *
 * - One that breaks is noticed by itself, idle or in use, and never lent again; no `error` of a client can end the process.
 * - When the signal of a `use` aborts, its query is cancelled on the server, and the connection stays.
 * - A transaction that was left open is rolled back before anybody else gets the connection.
 * - What is idle is tested with a query when it was not used for half a second.
 *
 * Defaults that differ from a {@link Pool}'s: `createTimeoutMs` 10,000, `maxLifetimeMs` 1,800,000 (30 min), `keepaliveMs` 120,000 (2 min),
 * `destroyOn` {@link isConnectionError}.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function pgPool<C extends PgClient>(options: PgPoolOptions<C>): Pool<C> {
  const { client: make, resetPolicy = "rollback", ...rest } = options;
  checkFunction("client", make);
  const policy: unknown = resetPolicy; // JavaScript callers may pass anything
  if (policy !== "rollback" && policy !== "discard" && policy !== "none") {
    throw new RangeError(`resetPolicy must be "rollback", "discard" or "none", got ${String(policy)}`);
  }
  const defaults = { createTimeoutMs, maxLifetimeMs, keepaliveMs, destroyOn: isConnectionError };
  const settings = { ...defaults, ...given(rest) };
  return new Pool<C>({
    ...settings,
    create: (context) => open(make, context),
    destroy: (client) => close(client, settings.clock ?? systemClock, settings.destroyTimeoutMs ?? destroyTimeoutMs),
    validate: async (client) => {
      await client.query("SELECT 1");
      return true;
    },
    reset: resetPolicy === "none" ? undefined : (client) => resetConnection(client, resetPolicy),
    cancel: (client) => cancelQuery(client, make),
  });
}

/** Without the options that were left open, which must not hide the defaults. */
function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options; // a part of it, all optional
}

async function open<C extends PgClient>(make: () => C, { signal, broken }: CreateContext): Promise<C> {
  const client = make();
  // It stays for the client's life: without a listener an error of its socket would end the process.
  client.on("error", broken);
  client.on("end", () => broken());
  const abort = (): void => cut(client);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    cut(client); // pg leaves the socket open when the server refused, e.g. the password
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Says goodbye, and cuts the line shortly before the pool would give it up: a socket that hangs must not stay. */
async function close(client: PgClient, clock: typeof systemClock, timeoutMs: number): Promise<void> {
  const timer = clock.setTimer(() => cut(client), 0.8 * timeoutMs);
  try {
    await client.end().catch(ignore);
  } finally {
    timer.cancel();
  }
}
