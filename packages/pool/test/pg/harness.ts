import type { Pool } from "@breakwater/pool";
import { pgPool, type PgPoolOptions } from "@breakwater/pool/pg";
import { ManualClock } from "@breakwater/core/testing";
import { FakeClient } from "./fake-client.ts";

export interface Fakes {
  readonly clock: ManualClock;
  readonly pool: Pool<FakeClient>;
  /** In the order in which they were made; those that cancel are among them. */
  readonly clients: FakeClient[];
}

/** A pool of fakes. `prepare` says how each behaves, by its number from 0. */
export function fakes(options: Partial<PgPoolOptions<FakeClient>> = {}, prepare: (client: FakeClient, index: number) => void = () => undefined): Fakes {
  const clock = new ManualClock();
  const clients: FakeClient[] = [];
  const client = (): FakeClient => {
    const made = options.client?.() ?? new FakeClient();
    prepare(made, clients.push(made) - 1);
    return made;
  };
  return { clock, clients, pool: pgPool({ max: 1, clock, ...options, client }) };
}

export function at(clients: readonly FakeClient[], index: number): FakeClient {
  const client = clients[index];
  if (client === undefined) throw new Error(`there is no client ${index}`);
  return client;
}
