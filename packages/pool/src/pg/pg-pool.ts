import { checkFunction, systemClock } from "@breakwater/core";
import type { PoolOptions } from "../options.ts";
import { Pool } from "../pool.ts";
import { Canceller } from "./canceller.ts";
import type { PgClient } from "./client.ts";
import { close, open } from "./connect.ts";
import { isConnectionError } from "./connection-error.ts";
import { resetConnection, type ResetPolicy } from "./reset.ts";
import type { Session } from "./session.ts";

export interface PgPoolOptions<C extends PgClient>
  extends Omit<PoolOptions<C>, "create" | "destroy" | "validate" | "reset" | "cancel"> {
  /** Makes a client that is not connected yet, a new one each time: `() => new pg.Client(config)`. */
  readonly client: () => C;
  /** What is done before a connection goes to somebody else. Default `rollback`. */
  readonly resetPolicy?: ResetPolicy | undefined;
}

// A connect that takes longer than that is one to a host that is not there.
const createTimeoutMs = 10_000;
// As HikariCP has them: below what firewalls and servers allow an idle connection, and an old one.
const maxLifetimeMs = 1_800_000;
const keepaliveMs = 120_000;
// The pool's own defaults.
const destroyTimeoutMs = 5_000;
const resetTimeoutMs = 5_000;
// Of the pool's limit for something, what it may take before the socket is destroyed: that has to be done while the pool still waits.
const share = 0.8;

/**
 * A pool of PostgreSQL connections, which are clients of the package `pg`.
 *
 * - One that breaks is noticed by itself, idle or in use, and never lent again; no `error` of a client can end the process.
 * - When the signal of a `use` or a `layer` aborts, its query is cancelled on the server, the caller gets the signal's reason, and the
 *   connection stays. What the work begins after that is its own affair. Cancels share one connection, which comes on top of `max`.
 * - A transaction that was left open is rolled back before anybody else gets the connection; queries left running are waited for, and
 *   cancelled after half of `resetTimeoutMs`.
 * - What is idle is tested with a query when it was not used for half a second (`validateAfterMs`).
 *
 * Defaults that differ from a {@link Pool}'s: `createTimeoutMs` 10,000, `maxLifetimeMs` 1,800,000 (30 min), `keepaliveMs` 120,000 (2 min),
 * `destroyOn` {@link isConnectionError}.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function pgPool<C extends PgClient>(options: PgPoolOptions<C>): Pool<C> {
  const { client: make, resetPolicy: policy = "rollback", ...rest } = options;
  checkFunction("client", make);
  checkPolicy(policy);
  const settings = { createTimeoutMs, destroyTimeoutMs, maxLifetimeMs, keepaliveMs, resetTimeoutMs, ...given(rest) };
  const { clock = systemClock, resetTimeoutMs: timeoutMs } = settings;
  const canceller = new Canceller(make, clock);
  const reset = { policy, canceller, clock, timeoutMs };
  // A pool may wait without limit for a destroy to end, a socket may not.
  const goodbyeMs = share * Math.min(settings.destroyTimeoutMs, destroyTimeoutMs);
  const sessions = new WeakMap<C, Session>();
  const sessionOf = (client: C): Session => {
    const session = sessions.get(client);
    if (session === undefined) throw new Error("bug: a client without a session");
    return session;
  };
  return new Pool<C>({
    destroyOn: isConnectionError,
    ...settings,
    create: async (context) => {
      const client = make();
      sessions.set(client, await open(client, context));
      return client;
    },
    destroy: (client) => close(sessionOf(client), clock, goodbyeMs),
    validate: async (client) => {
      await client.query("SELECT 1");
      return true;
    },
    reset: (client) => resetConnection(sessionOf(client), reset),
    cancel: (client) => canceller.cancel(sessionOf(client), share * timeoutMs),
  });
}

function checkPolicy(policy: unknown): void {
  if (policy === "rollback" || policy === "discard" || policy === "none") return;
  throw new RangeError(`resetPolicy must be "rollback", "discard" or "none", got ${String(policy)}`);
}

/** Without the options that were left open, which must not hide the defaults. */
function given<Options extends object>(options: Options): Partial<Given<Options>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Given<Options>>; // just filtered
}

type Given<Options> = { [Name in keyof Options]: Exclude<Options[Name], undefined> };
